"""Raw records to normalized ones: values by their rules, and the key that both stores can spell."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from reconciler.core.model import (
    Canonical,
    DanglingReference,
    Mistyped,
    Raw,
    RawRecord,
    Record,
    RecordKey,
    Sensitivity,
    Side,
)
from reconciler.core.normalize import source_rule, target_rule, unchanged
from reconciler.core.softening import Softened, changes_of
from reconciler.core.spec import EntitySpec, FieldKind
from reconciler.core.values import UNREADABLE, Rule, Token, UnreadableValue

LEGACY_ID = re.compile(r"[0-9a-f]{24}")
WHOLE = re.compile(r"-?[0-9]{1,40}")
MALFORMED = "malformed: not 24 lower-case hex digits"
NULL_IN_KEY = "null in its key"
HIDDEN = "a value that its rule can't take"
Digest = Callable[[str], str]
Part = str | int | Decimal
PARTS = (str, int, Decimal)


class Normalizer:
    """Makes one side's raw records of one entity canonical."""

    def __init__(self, entity: EntitySpec, *, side: Side, digest: Digest) -> None:
        """`digest` is the keyed digest that stands for the parts of a key that may not be shown."""
        rule_of = source_rule if side is Side.SOURCE else target_rule
        self._rules: tuple[Rule, ...] = tuple(rule_of(item) for item in entity.fields)
        self._kept = tuple(unchanged(item, side) for item in entity.fields)
        self._changes = changes_of(entity, side)
        self._entity = entity
        self._side = side
        self._digest = digest
        self._ordered = tuple(entity.index(path) for path in entity.ordered_key)
        self._shown = tuple((entity.index(path), hidden_in_key(entity, path)) for path in entity.key)
        self._natural = entity.natural_key
        self._plain_key = self._ordered[0] if self._shown == ((self._ordered[0], False),) and not self._natural else -1

    def record(self, raw: RawRecord) -> Record:
        """The canonical record; one that can't be read keeps its key text, what could be read, and its problem."""
        if raw.problem:
            return Record(id=raw.id, key=None, key_text=raw.key_text or f"id:{raw.id}", values=(), problem=raw.problem)
        try:
            values = self._canonical(raw.values)
        except UnreadableValue:
            return self._unreadable(raw)
        changed = tuple([(at, raw.values[at]) for at, changes in self._changes if changes(raw.values[at], values[at])])
        return self._keyed(raw.id, values, changed)

    def _canonical(self, values: Sequence[Raw]) -> tuple[Canonical, ...]:
        """Each value by its field's rule, which need not be asked about values that it leaves as they are."""
        ruled = zip(values, self._kept, self._rules, strict=True)
        return tuple([value if value.__class__ is kept else rule(value) for value, kept, rule in ruled])

    def _unreadable(self, raw: RawRecord) -> Record:
        """The record with what could be read of it: its key, if that is fine, and the first value that is not."""
        values: list[Canonical] = []
        problem, where = "", ""
        for spec, rule, value in zip(self._entity.fields, self._rules, raw.values, strict=True):
            try:
                values.append(rule(value))
            except UnreadableValue as bad:
                values.append(UNREADABLE)
                if not problem:
                    secret = spec.sensitivity is Sensitivity.SECRET
                    problem = HIDDEN if secret else bad.type_name
                    where = spec.path if secret else f"{spec.path}{bad.path}"
        known = self._keyed(raw.id, tuple(values))
        return Record(
            id=raw.id,
            key=known.key,
            key_text=known.key_text,
            values=known.values,
            problem=problem,
            problem_path=where,
        )

    def _keyed(self, record_id: str, values: tuple[Canonical, ...], changed: Softened = ()) -> Record:
        """The record with its key, or with what is wrong with it."""
        if self._plain_key >= 0:
            part = values[self._plain_key]
            if part.__class__ is str and LEGACY_ID.fullmatch(part):
                key = RecordKey(parts=(part,), text=part)
                return Record(id=record_id, key=key, key_text=part, values=values, softened=changed)
        found = [values[index] for index in self._ordered]
        if any(part is None or isinstance(part, DanglingReference) for part in found):
            return self._without_key(record_id, values, changed)
        parts = tuple([_part(part) for part in found if isinstance(part, PARTS)])
        text = self._text(record_id, values)
        if len(parts) < len(found):
            return Record(id=record_id, key=None, key_text=text, values=values, stray=True, softened=changed)
        if not self._natural and not LEGACY_ID.fullmatch(str(parts[0])):
            return Record(id=record_id, key=None, key_text=text, values=values, defect=MALFORMED, softened=changed)
        key = RecordKey(parts=parts, text=text)
        return Record(id=record_id, key=key, key_text=text, values=values, softened=changed)

    def _without_key(self, record_id: str, values: tuple[Canonical, ...], changed: Softened) -> Record:
        """A record one of whose key parts is null or leads nowhere."""
        text = f"id:{record_id}"
        if self._side is Side.SOURCE and not self._natural:
            return Record(id=record_id, key=None, key_text=text, values=values, stray=True, softened=changed)
        return Record(id=record_id, key=None, key_text=text, values=values, defect=NULL_IN_KEY, softened=changed)

    def _text(self, record_id: str, values: Sequence[Canonical]) -> str:
        """The key as reports spell it; the record's own id where a part has no spelling."""
        parts = [(key_part_text(values[index]), hidden) for index, hidden in self._shown]
        if not all(text for text, _ in parts) and any(
            isinstance(values[index], Mistyped | Token) for index, _ in self._shown
        ):
            return f"id:{record_id}"
        return joined_key([self._digest(text) if hidden else text for text, hidden in parts])


def hidden_in_key(entity: EntitySpec, path: str) -> bool:
    """Whether a part of the key is shown as a keyed digest only."""
    return entity.field(path).sensitivity is not Sensitivity.PLAIN


def joined_key(parts: Sequence[str]) -> str:
    """Parts joined with `/`; a `/` inside any part but the last is spelled %2F, so no two keys spell the same."""
    return "/".join([*(part.replace("%", "%25").replace("/", "%2F") for part in parts[:-1]), *parts[-1:]])


def spelled(entity: EntitySpec, text: str, *, digest: Digest) -> str:
    """A key whose parts are in the clear (as `joined_key` joined them) as reports spell it; a row's own id as it is.

    A text that has not as many parts is hidden as a whole.
    """
    if text.startswith("id:") or not entity.secret_key:
        return text
    parts = split_key(text, len(entity.key))
    if len(parts) != len(entity.key):
        return digest(text)
    named = zip(entity.key, parts, strict=True)
    return joined_key([digest(part) if hidden_in_key(entity, path) else part for path, part in named])


def split_key(text: str, count: int) -> list[str]:
    """The parts that `joined_key` joined; fewer than `count` where the text can't be such a key."""
    parts = text.split("/", count - 1)
    return [*(part.replace("%2F", "/").replace("%25", "%") for part in parts[:-1]), *parts[-1:]]


def parse_key(entity: EntitySpec, text: str) -> RecordKey | None:
    """The key that a report spells so; None where the text can't be one, or shows a part as a digest only."""
    parts = split_key(text, len(entity.key))
    if text.startswith("id:") or len(parts) != len(entity.key) or entity.secret_key:
        return None
    named: dict[str, Part] = {}
    for path, part in zip(entity.key, parts, strict=True):
        whole = entity.field(path).kind is FieldKind.INTEGER
        if whole and not WHOLE.fullmatch(part):
            return None
        named[path] = int(part) if whole else part
    return RecordKey(parts=tuple(named[path] for path in entity.ordered_key), text=text)


def _part(part: Part) -> Part:
    """A key's part in one form on both sides: whole numbers as int."""
    if isinstance(part, Decimal) and part == part.to_integral_value() and part.adjusted() < 40:  # noqa: PLR2004 - no key is longer
        return int(part)
    return part


def key_part_text(part: Canonical) -> str:
    """One part of a key as text; a whole number without a point, nothing for what has no spelling."""
    if isinstance(part, Mistyped):
        return part.shown
    if isinstance(part, Token):
        return ""
    return str(_part(part)) if isinstance(part, Decimal) else str(part)
