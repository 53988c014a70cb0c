"""What was read of a diff's record just now: in one sentence, field by field, masked or in the clear."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.app.ports import StoredField
from reconciler.app.rereading import Reread
from reconciler.core.model import ReportedField, Sensitivity
from reconciler.core.reveal import Revealed
from reconciler.web.views.diffs import FieldRow, field_row
from reconciler.web.words import Family

SENTENCES = {
    "differs": ("It still differs.", Family.DIFFS),
    "equal": ("Both stores agree now. The next run that sees it closes this diff.", Family.OK),
    "unreadable": ("It could not be read by its rules.", Family.INCONCLUSIVE),
    "gone": ("Neither store has it in scope any more. The next scan closes this diff.", Family.NODATA),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAgain:
    """The answer to a button on the diff's page; `in_clear` where values were revealed."""

    at: datetime
    sentence: str
    family: Family
    rows: tuple[FieldRow, ...]
    in_clear: bool


def look_again(seen: Reread) -> LookAgain:
    """The fields as they are revealed, or where nothing was, as a stored diff would have them."""
    sentence, family = SENTENCES[seen.now]
    masked = [_masked(one) for _, diff in seen.record.diffs for one in diff.fields]
    rows = [_in_clear(one) for one in seen.fields] if seen.fields else masked
    return LookAgain(
        at=seen.at,
        sentence=sentence,
        family=family,
        rows=tuple(field_row(one) for one in rows),
        in_clear=any(one.sensitivity is not Sensitivity.SECRET for one in seen.fields),
    )


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
