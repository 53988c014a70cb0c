"""Diffs in the clear to diffs fit to be stored and shown: plain values as JSON, pii masked so that one sees where, secrets gone."""

from decimal import Decimal
from itertools import takewhile

from reconciler.core.classify import field_cluster, outcome_cluster
from reconciler.core.compare import ABSENT
from reconciler.core.model import (
    Canonical,
    DanglingReference,
    DiffState,
    FieldDiff,
    Mistyped,
    RecordDiff,
    ReportedDiff,
    ReportedField,
    Sensitivity,
)
from reconciler.core.normalize import JsonBool, Token, iso_time
from reconciler.core.spec import EntitySpec, FieldKind

SAME, OTHER = "•", "▒"
LONGEST_RUN = 12
SAFE_INTEGER = 2**53


def reported(domain: str, entity: EntitySpec, diff: RecordDiff, *, state: DiffState) -> ReportedDiff:
    """The diff as it may leave memory."""
    fields = tuple(_field(domain, entity, one) for one in diff.fields)
    cluster = None if fields else outcome_cluster(domain, entity, diff.outcome, diff.detail)
    return ReportedDiff(
        locator=diff.locator,
        key=diff.key_text,
        outcome=diff.outcome,
        state=state,
        fields=fields,
        cluster=cluster,
        detail=diff.detail,
    )


def _field(domain: str, entity: EntitySpec, diff: FieldDiff) -> ReportedField:
    """One field as its sensitivity allows."""
    is_time = entity.field(diff.field_path).kind is FieldKind.INSTANT
    redacted = None if diff.sensitivity is Sensitivity.PLAIN else diff.sensitivity
    source, target = (shown(value, is_time=is_time) for value in (diff.source, diff.target))
    if redacted is Sensitivity.SECRET:
        source = target = None
    elif redacted is Sensitivity.PII:
        source, target = masked(source, target)
    cluster = field_cluster(domain, entity, diff)
    return ReportedField(
        path=diff.path, kind=diff.kind, source=source, target=target, redacted=redacted, cluster=cluster, note=diff.note
    )


def shown(value: Canonical, *, is_time: bool = False) -> object:
    """A canonical value as JSON: times in ISO 8601, bytes in hex, numbers beyond a double's reach as text."""
    match value:
        case None | bool() | str():
            return value
        case JsonBool():
            return value.value
        case int():
            return iso_time(value) if is_time else value if abs(value) < SAFE_INTEGER else str(value)
        case float() | Decimal():
            return number(value)
        case bytes():
            return value.hex()
        case list():
            return [shown(item) for item in value]
        case dict():
            return {name: shown(item) for name, item in value.items()}
        case Token():
            return None if value is ABSENT else value.text
        case Mistyped() | DanglingReference():
            return value.shown
        case _:
            raise TypeError(type(value).__name__)


def number(value: float | Decimal) -> object:
    """A number with all its digits: as text, unless it is whole and small."""
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    if exact == exact.to_integral_value() and abs(exact) < SAFE_INTEGER:
        return int(exact)
    return format(exact, "f") if -20 < exact.adjusted() < 40 else str(exact)  # noqa: PLR2004 - beyond that zeros fill the line


def masked(source: object, target: object) -> tuple[object, object]:
    """Both values masked the same way: a mark a character, others where they differ, nothing of the values themselves."""
    left, right = ("" if value is None else str(value) for value in (source, target))
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))
    shorter = min(len(left), len(right)) - head
    ends = zip(reversed(left), reversed(right), strict=False)
    tail = min(shorter, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], ends)))
    return (
        None if source is None else _mask(head, len(left) - head - tail, tail),
        None if target is None else _mask(head, len(right) - head - tail, tail),
    )


def _mask(head: int, middle: int, tail: int) -> str:
    """`•••▒▒••`; long runs are counted."""
    return "".join(_run(mark, length) for mark, length in ((SAME, head), (OTHER, middle), (SAME, tail)))


def _run(mark: str, length: int) -> str:
    """A run of marks, a long one as the mark with its count."""
    return mark * length if length <= LONGEST_RUN else f"{mark}×{length} "
