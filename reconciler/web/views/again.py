"""What was read of a diff's record just now: in one sentence, field by field, masked or in the clear."""

from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.app.ports import StoredField
from reconciler.app.rereading import Reread
from reconciler.core.model import DiffKind, ReportedField, Sensitivity
from reconciler.core.reveal import Revealed
from reconciler.core.trace import TracedField, TracedSide
from reconciler.web.views.diffs import FieldRow, field_row
from reconciler.web.visible import Bit, Shown
from reconciler.web.words import Family

SENTENCES = {
    "differs": ("It still differs.", Family.DIFFS),
    "equal": ("Both stores agree now. The next run that sees it closes this diff.", Family.OK),
    "unreadable": ("It could not be read by its rules.", Family.INCONCLUSIVE),
    "gone": ("Neither store has it in scope any more. The next scan closes this diff.", Family.NODATA),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRow:
    """A field of the record: what each store holds, its type, and what the rule made of it."""

    field: TracedField
    source: Shown
    target: Shown
    alike: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAgain:
    """The answer to a button on the diff's page; `in_clear` where values were revealed."""

    at: datetime
    sentence: str
    family: Family
    rows: tuple[FieldRow, ...]
    in_clear: bool
    differing: tuple[TraceRow, ...]
    equal: tuple[TraceRow, ...]


def look_again(seen: Reread) -> LookAgain:
    """The fields as they are revealed, or where nothing was, as a stored diff would have them."""
    sentence, family = SENTENCES[seen.now]
    masked = [_masked(one) for _, diff in seen.record.diffs for one in diff.fields]
    rows = [_in_clear(one) for one in seen.fields] if seen.fields else masked
    whole = {one.path for one in seen.trace}
    rows = [] if whole.issuperset(one.path for one in rows) else rows
    return LookAgain(
        at=seen.at,
        sentence=sentence,
        family=family,
        rows=tuple(field_row(one) for one in rows),
        in_clear=any(one.sensitivity is not Sensitivity.SECRET for one in seen.fields),
        differing=tuple(_trace(one) for one in seen.trace if not one.equal),
        equal=tuple(_trace(one) for one in seen.trace if one.equal),
    )


def _trace(field: TracedField) -> TraceRow:
    """A field with both sides told apart, each under the type that its store has for it."""
    stored = StoredField(
        path=field.path, kind=DiffKind.VALUE, source=field.source and field.source.value,
        target=field.target and field.target.value, redacted=_redacted(field), cluster=None,
    )  # fmt: skip
    row = field_row(stored)
    source, target = _typed(row.source, field.source), _typed(row.target, field.target)
    return TraceRow(field=field, source=source, target=target, alike="" if field.equal else row.alike)


def _redacted(field: TracedField) -> str | None:
    """What `both_sides` asks: whether values are secret or masked."""
    return field.sensitivity.value if field.masked else None


def _typed(shown: Shown, side: TracedSide | None) -> Shown:
    """The side under its store's own type; a record that is not there has none."""
    if side is None:
        return replace(shown, type="no record", hollow=True)
    hollow = "⌀ absent" if side.type == "absent" else ""
    if shown.hollow and hollow:
        return replace(shown, type=side.type, bits=(Bit(text=hollow),))
    return replace(shown, type=side.type)


def _masked(one: ReportedField) -> StoredField:
    redacted = one.redacted.value if one.redacted else None
    return StoredField(
        path=one.path, kind=one.kind, source=one.source, target=one.target, redacted=redacted, cluster=None,
        note=one.note,
    )  # fmt: skip


def _in_clear(one: Revealed) -> StoredField:
    secret = one.sensitivity is Sensitivity.SECRET
    return StoredField(
        path=one.path, kind=one.kind, source=one.source, target=one.target,
        redacted=Sensitivity.SECRET.value if secret else None, cluster=None, note=one.note,
    )  # fmt: skip
