"""Two runs side by side: which differences are new, gone or still there, told only where both runs can know."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from reconciler.app.documents import Document, diff_document, run_head
from reconciler.app.ports import DiffFilter, StoredDiff, StoredRun
from reconciler.core.history import DomainRun
from reconciler.core.model import OPEN_STATES, Mode, RunStatus, Verdict
from reconciler.core.summary import domain_verdict

MOST_SAMPLES: Final = 20
VERSION: Final = 1


class Diffs(Protocol):
    """The part of `ReportStore` that differences are read from."""

    def diffs(self, wanted: DiffFilter) -> AsyncIterator[StoredDiff]:
        """As `ReportStore.diffs`."""


@dataclass(slots=True, kw_only=True)
class EntityChange:
    """An entity's differences over two runs; `unsure` are in one run only while the other did not see every record."""

    domain: str
    entity: str
    new: int = 0
    gone: int = 0
    still: int = 0
    unsure: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainChange:
    """A domain's verdict in either run; None where a run did not look at it."""

    domain: str
    before: Verdict | None
    after: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """Run `before` against run `after`, with the first of what is new and of what is gone."""

    before: StoredRun
    after: StoredRun
    domains: tuple[DomainChange, ...]
    entities: tuple[EntityChange, ...]
    new: tuple[StoredDiff, ...]
    gone: tuple[StoredDiff, ...]

    @property
    def totals(self) -> EntityChange:
        """All entities added up."""
        whole = EntityChange(domain="", entity="")
        for one in self.entities:
            whole.new, whole.gone = whole.new + one.new, whole.gone + one.gone
            whole.still, whole.unsure = whole.still + one.still, whole.unsure + one.unsure
        return whole


async def compare_runs(before: StoredRun, after: StoredRun, *, store: Diffs) -> RunComparison:
    """Walks both runs' open differences by id, side by side, so that neither is held in memory."""
    tally = _Tally(before=_seen_whole(before), after=_seen_whole(after))
    async for older, newer in _side_by_side(_open(store, before), _open(store, after)):
        tally.count(older, newer)
    return RunComparison(
        before=before,
        after=after,
        domains=_verdicts(before, after),
        entities=tuple(tally.entities[key] for key in sorted(tally.entities)),
        new=tuple(tally.new),
        gone=tuple(tally.gone),
    )


Entity = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class _Tally:
    """Counts as they grow; `before` and `after` are the entities whose every record a run saw."""

    before: frozenset[Entity]
    after: frozenset[Entity]
    entities: dict[Entity, EntityChange] = field(default_factory=dict)
    new: list[StoredDiff] = field(default_factory=list)
    gone: list[StoredDiff] = field(default_factory=list)

    def count(self, older: StoredDiff | None, newer: StoredDiff | None) -> None:
        """One difference, as one or both runs saw it."""
        one = newer or older
        if one is None:
            return
        entity = (one.domain, one.entity)
        change = self.entities.setdefault(entity, EntityChange(domain=one.domain, entity=one.entity))
        if older and newer:
            change.still += 1
        elif newer and entity in self.before:
            change.new += 1
            _keep(self.new, newer)
        elif older and entity in self.after:
            change.gone += 1
            _keep(self.gone, older)
        else:
            change.unsure += 1


def _keep(sample: list[StoredDiff], diff: StoredDiff) -> None:
    if len(sample) < MOST_SAMPLES:
        sample.append(diff)


def _open(store: Diffs, run: StoredRun) -> AsyncIterator[StoredDiff]:
    return store.diffs(DiffFilter(run=run.id, states=tuple(sorted(OPEN_STATES))))


async def _side_by_side(
    older: AsyncIterator[StoredDiff], newer: AsyncIterator[StoredDiff]
) -> AsyncIterator[tuple[StoredDiff | None, StoredDiff | None]]:
    """Merges two streams that are in order of id."""
    left, right = await anext(older, None), await anext(newer, None)
    while left or right:
        first = min(one.id for one in (left, right) if one)
        both = (left if left and left.id == first else None, right if right and right.id == first else None)
        yield both
        left = await anext(older, None) if both[0] else left
        right = await anext(newer, None) if both[1] else right


def _seen_whole(run: StoredRun) -> frozenset[Entity]:
    """The entities of which the run saw every record."""
    if run.mode is not Mode.SCAN:
        return frozenset()
    ended = (part for part in run.domains if part.status is RunStatus.COMPLETED and not part.error)
    return frozenset((part.domain, one.entity) for part in ended for one in part.entities if one.complete)


def _verdicts(before: StoredRun, after: StoredRun) -> tuple[DomainChange, ...]:
    older, newer = _parts(before), _parts(after)
    return tuple(
        DomainChange(domain=name, before=_verdict(older.get(name)), after=_verdict(newer.get(name)))
        for name in dict.fromkeys((*older, *newer))
    )


def _parts(run: StoredRun) -> dict[str, DomainRun]:
    return {part.domain: part for part in run.domains}


def _verdict(part: DomainRun | None) -> Verdict | None:
    return domain_verdict(part) if part else None


# -- as JSON -----------------------------------------------------------------------------------------------------------


def comparison_document(found: RunComparison) -> Document:
    """`reconciler runs compare A B --format json`."""
    return {
        "version": VERSION,
        "before": run_head(found.before),
        "after": run_head(found.after),
        "totals": _counts(found.totals),
        "domains": [
            {
                "domain": one.domain,
                "before": one.before.value if one.before else None,
                "after": one.after.value if one.after else None,
                "entities": [
                    {"entity": each.entity} | _counts(each) for each in found.entities if each.domain == one.domain
                ],
            }
            for one in found.domains
        ],
        "new": _diffs(found.new),
        "gone": _diffs(found.gone),
    }


def _counts(change: EntityChange) -> Document:
    return {"new": change.new, "gone": change.gone, "still": change.still, "unsure": change.unsure}


def _diffs(found: Sequence[StoredDiff]) -> list[Document]:
    return [diff_document(one) for one in found]
