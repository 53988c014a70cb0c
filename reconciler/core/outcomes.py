"""One match to its outcome: the only place that says what became of a record."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.compare import compare, field_diffs
from reconciler.core.model import DanglingReference, FieldDiff, Outcome, Record, RecordDiff, Side
from reconciler.core.pairing import Defective, Match, Pair
from reconciler.core.rules import RuleSpec
from reconciler.core.ruling import Rulebook
from reconciler.core.softening import softened
from reconciler.core.spec import EntitySpec
from reconciler.core.values import Token

NO_DOCUMENT = "the row has no document"
NO_ELEMENT = "no document holds this record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A match with its outcome; `diff` is None for matched and out_of_scope.

    `softened` names the fields of a matched pair that a normalization made equal though their raw values differ,
    `ruled` the declared rules that took a difference of the pair away.
    """

    match: Match
    outcome: Outcome
    diff: RecordDiff | None = None
    softened: tuple[str, ...] = ()
    ruled: tuple[RuleSpec, ...] = ()

    @property
    def records(self) -> tuple[Record | None, Record | None]:
        """Source and target record of the match."""
        if isinstance(self.match, Pair):
            return self.match.source, self.match.target
        return (self.match.record, None) if self.match.side is Side.SOURCE else (None, self.match.record)


class Judge:
    """Judges matches of one entity at one moment: what has expired by then is out of scope."""

    def __init__(self, entity: EntitySpec, *, now_ms: int) -> None:
        """`now_ms` is the moment, in milliseconds since 1970."""
        self._entity = entity
        self._rules = Rulebook(entity)
        self._now_ms = now_ms
        self._ttl = entity.index(entity.ttl) if entity.ttl else None
        self._scope = entity.index(entity.scope.path) if entity.scope else None
        self._alone = NO_ELEMENT if entity.embedded else NO_DOCUMENT
        self._bounded = self._ttl is not None or self._scope is not None

    def outcome(self, match: Match) -> Judged:
        """What became of the match."""
        match match:
            case Defective():
                return self._defective(match)
            case Pair(source=source, target=target):
                return self._pair(match, source, target)

    def _defective(self, match: Defective) -> Judged:
        """A record with a defective key, unless it has expired."""
        record = match.record
        if self._out_of_scope(record):
            return Judged(match=match, outcome=Outcome.OUT_OF_SCOPE)
        fields = tuple(_dangling_key(self._entity, record))
        diff = RecordDiff(
            locator=f"{match.side.value}:{record.id}",
            key_text=record.key_text,
            outcome=Outcome.KEY_DEFECT,
            fields=fields,
            detail=match.why,
        )
        return Judged(match=match, outcome=Outcome.KEY_DEFECT, diff=diff)

    def _pair(self, match: Pair, source: Record | None, target: Record | None) -> Judged:
        """Records of both sides, or of one."""
        known = [record for record in (source, target) if record is not None]
        if self._bounded and self._out_of_scope(*known):
            return Judged(match=match, outcome=Outcome.OUT_OF_SCOPE)
        if source is not None and target is not None and not source.problem and not target.problem:
            return self._compared(match, source, target)
        spoilt = next((record for record in known if record.problem), None)
        if spoilt is not None:
            return _unreadable(match, spoilt)
        outcome = Outcome.MISSING_IN_TARGET if source is not None else Outcome.EXTRA_IN_TARGET
        text, detail = known[0].key_text, "" if source is not None else self._alone
        diff = RecordDiff(locator=text, key_text=text, outcome=outcome, detail=detail)
        return Judged(match=match, outcome=outcome, diff=diff)

    def _compared(self, match: Pair, source: Record, target: Record) -> Judged:
        """A pair, compared field by field."""
        found = compare(self._entity, source=source, target=target)
        fields, ruled = self._rules.applied(found) if found and self._rules else (found, ())
        if not fields:
            helped = softened(self._entity, source=source, target=target)
            apart = {one.path for one in ruled}
            helped = tuple(path for path in helped if path not in apart)
            return Judged(match=match, outcome=Outcome.MATCHED, softened=helped, ruled=ruled)
        diff = RecordDiff(
            locator=source.key_text, key_text=source.key_text, outcome=Outcome.FIELD_MISMATCH, fields=fields
        )
        return Judged(match=match, outcome=Outcome.FIELD_MISMATCH, diff=diff, ruled=ruled)

    def _out_of_scope(self, *records: Record) -> bool:
        """Whether a record has expired on either side, or is outside the scope on all sides that have it."""
        return any(self._expired(record) for record in records) or not any(self._within(record) for record in records)

    def _expired(self, record: Record) -> bool:
        """Whether the record's time is past; what can't be read has not expired."""
        expiry = record.values[self._ttl] if self._ttl is not None and record.values else None
        return isinstance(expiry, int) and expiry < self._now_ms

    def _within(self, record: Record) -> bool:
        """Whether the record is in scope; one whose scope can't be told stays in."""
        if self._scope is None or self._entity.scope is None or not record.values:
            return True
        text = record.values[self._scope]
        if isinstance(text, str):
            return text.startswith(self._entity.scope.prefix)
        return text is None or isinstance(text, Token)


def _unreadable(match: Match, record: Record) -> Judged:
    """A record that can't be read, whatever the other side holds."""
    where = f"{record.problem_path}: " if record.problem_path else ""
    diff = RecordDiff(
        locator=record.key_text, key_text=record.key_text, outcome=Outcome.UNREADABLE, detail=f"{where}{record.problem}"
    )
    return Judged(match=match, outcome=Outcome.UNREADABLE, diff=diff)


def _dangling_key(entity: EntitySpec, record: Record) -> list[FieldDiff]:
    """The part of a key that leads nowhere, as a field diff."""
    pairs = [(entity.field(path), record.values[entity.index(path)]) for path in entity.key] if record.values else []
    return [
        diff
        for spec, value in pairs
        if isinstance(value, DanglingReference)
        for diff in field_diffs(spec, source=None, target=value)
    ]


def observation(judged: Judged) -> bytes:
    """A digest of what was seen, kept in memory only: it changes when either record does."""
    source, target = judged.records
    seen = (
        judged.outcome,
        source and source.values,
        target and target.values,
        source and source.problem,
        target and target.problem,
    )
    return hashlib.blake2b(repr(seen).encode(), digest_size=16).digest()


def join_strays(judged: list[Match]) -> list[Match]:
    """Lets a source record with a key of a strange type meet the row whose key prints the same."""
    rows = {
        match.target.key_text: match
        for match in judged
        if isinstance(match, Pair) and match.source is None and match.target is not None
    }
    joined: list[Match] = []
    met = set()
    for match in judged:
        if isinstance(match, Pair) and match.target is None and match.source is not None and match.source.stray:
            row = rows.get(match.source.key_text)
            if row is not None and match.source.key_text not in met:
                met.add(match.source.key_text)
                joined.append(Pair(match.source, row.target))
                continue
        joined.append(match)
    return [
        match
        for match in joined
        if not (isinstance(match, Pair) and match.source is None and match.target and match.target.key_text in met)
    ]


def join_moved(entity: EntitySpec, settled: Sequence[Judged]) -> list[Judged]:
    """Embedded records that hang on another owner than their row says, met by everything else they hold.

    A record missing on one side and a row too many that agree in all but the owner are one record: it differs in its
    owner. Where the owner is not the whole key, the merge has paired most of them already.
    """
    if entity.embedded is None:
        return list(settled)
    owner = entity.index(entity.embedded.owner)
    rows: dict[str, list[Judged]] = defaultdict(list)
    for one in settled:
        row = one.records[1]
        if row and row.values and (one.outcome is Outcome.EXTRA_IN_TARGET or _lost_owner(one, row)):
            rows[_but(row, owner)].append(one)
    met: set[int] = set()
    joined = []
    for one in settled:
        source = one.records[0]
        twins = rows.get(_but(source, owner)) if source and one.outcome is Outcome.MISSING_IN_TARGET else None
        if source and twins and (row := twins[0].records[1]):
            met.add(id(twins.pop(0)))
            fields = compare(entity, source=source, target=row)
            diff = RecordDiff(
                locator=source.key_text, key_text=source.key_text, outcome=Outcome.FIELD_MISMATCH, fields=fields
            )
            joined.append(Judged(match=Pair(source, row), outcome=Outcome.FIELD_MISMATCH, diff=diff))
        else:
            joined.append(one)
    return [one for one in joined if id(one) not in met]


def _lost_owner(one: Judged, row: Record) -> bool:
    """Whether a row has no key because its owner leads nowhere; one of two rows with one key is nobody's twin."""
    return one.outcome is Outcome.KEY_DEFECT and row.key is None


def _but(record: Record, owner: int) -> str:
    """All that a record holds except its owner."""
    return repr((*record.values[:owner], *record.values[owner + 1 :]))
