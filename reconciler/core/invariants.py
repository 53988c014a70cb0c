"""What must hold inside one store: the parts that are judged in memory, and how violations are told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from reconciler.core.model import InvariantResult, Side
from reconciler.core.spec import EntitySpec, InvariantKind, InvariantSpec

MOST_SAMPLES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one store said when it was asked whether something holds.

    `since` is when it was asked first, in monotonic seconds; `confirmed` says that a violation has lasted long enough.
    """

    entity: EntitySpec
    invariant: InvariantSpec
    side: Side
    result: InvariantResult
    since: float
    confirmed: bool = False

    @property
    def pending(self) -> bool:
        """Whether the store has to be asked again before this counts."""
        return self.result.violations > 0 and not self.confirmed


def result(invariant: InvariantSpec, side: str, *, violations: int, keys: Iterable[str]) -> InvariantResult:
    """A result with some of the keys, each once."""
    return InvariantResult(
        name=invariant.name, side=side, violations=violations, sample_keys=tuple(dict.fromkeys(keys))[:MOST_SAMPLES]
    )


def still(earlier: InvariantResult, later: InvariantResult) -> InvariantResult:
    """What is left of a violation when the same store is asked again: nothing, where it is about other keys by then.

    Where the keys don't tell (there are none, or more than are kept) it counts as the same.
    """
    told = all(0 < len(one.sample_keys) < MOST_SAMPLES for one in (earlier, later))
    same = tuple(key for key in later.sample_keys if key in earlier.sample_keys)
    if not later.violations or not told:
        return later
    return replace(later, sample_keys=same) if same else replace(later, violations=0, sample_keys=())


def shown_path(invariant: InvariantSpec) -> str | None:
    """The path whose value stands for a violation among the sample keys; None where the record's key does."""
    if invariant.kind is InvariantKind.CONTIGUOUS:
        return invariant.fields[0]
    grouped = invariant.kind in (InvariantKind.AT_MOST_ONE, InvariantKind.EXACTLY_ONE) and invariant.group
    return invariant.group[0] if grouped else None


def cycles(parents: Mapping[str, str]) -> list[list[str]]:
    """The cycles along `child -> parent`, each as its keys."""
    done: set[str] = set()
    found = []
    for start in parents:
        path: dict[str, None] = {}
        at = start
        while at in parents and at not in path and at not in done:
            path[at] = None
            at = parents[at]
        if at in path:
            walked = list(path)
            found.append(walked[walked.index(at) :])
        done |= path.keys()
    return found


def broken_ranges(ranges: Sequence[tuple[str, object, object]]) -> list[str]:
    """Keys at which ranges (key, first, last), in order, do not meet: each begins at the last end + 1, one is open."""
    broken = []
    for (key, _, last), (_, first, _) in pairwise(ranges):
        if (
            not isinstance(last, int | float | Decimal)
            or not isinstance(first, int | float | Decimal)
            or last + 1 != first
        ):
            broken.append(key)
    if ranges and ranges[-1][2] is not None:
        broken.append(ranges[-1][0])
    return broken


def by_number(text: str) -> tuple[bool, Decimal]:
    """Where a key stands in the order of numbers, whatever type it was stored as; what is no number stands last."""
    try:
        return False, Decimal(text)
    except InvalidOperation:
        return True, Decimal(0)
