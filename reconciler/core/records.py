"""Raw records to normalized records: values by their rules, and the key that both stores can spell, or what is wrong with it."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from reconciler.core.model import (
    Canonical,
    DanglingReference,
    Mistyped,
    RawRecord,
    Record,
    RecordKey,
    Sensitivity,
    Side,
)
from reconciler.core.normalize import Rule, UnreadableValue, source_rule, target_rule
from reconciler.core.spec import EntitySpec

LEGACY_ID = re.compile(r"[0-9a-f]{24}")
Digest = Callable[[str], str]
Part = str | int | Decimal


class Normalizer:
    """Makes one side's raw records of one entity canonical."""

    def __init__(self, entity: EntitySpec, *, side: Side, digest: Digest) -> None:
        """`digest` is the keyed digest that stands for the secret parts of a key."""
        rule_of = source_rule if side is Side.SOURCE else target_rule
        self._rules: tuple[Rule, ...] = tuple(rule_of(item) for item in entity.fields)
        self._entity = entity
        self._side = side
        self._digest = digest
        self._ordered = tuple(entity.index(path) for path in entity.ordered_key)
        shown = ((entity.index(path), entity.field(path).sensitivity is Sensitivity.SECRET) for path in entity.key)
        self._shown = tuple(shown)

    def record(self, raw: RawRecord) -> Record:
        """The canonical record; one that can't be read keeps its key text and its problem."""
        if raw.problem:
            return Record(id=raw.id, key=None, key_text=raw.key_text or f"id:{raw.id}", values=(), problem=raw.problem)
        try:
            values = tuple([rule(value) for rule, value in zip(self._rules, raw.values, strict=True)])
        except UnreadableValue:
            return self._unreadable(raw)
        return self._keyed(raw.id, values)

    def _unreadable(self, raw: RawRecord) -> Record:
        """The record with what could be read of it: its key, if that is fine, and the first value that is not."""
        values: list[Canonical] = []
        problem, where = "", ""
        for spec, rule, value in zip(self._entity.fields, self._rules, raw.values, strict=True):
            try:
                values.append(rule(value))
            except UnreadableValue as bad:
                secret = spec.sensitivity is Sensitivity.SECRET
                problem, where = problem or bad.type_name, where or (spec.path if secret else f"{spec.path}{bad.path}")
                values.append(Mistyped(type_name=bad.type_name, shown=""))
        known = self._keyed(raw.id, tuple(values))
        return Record(id=raw.id, key=known.key, key_text=known.key_text, values=(), problem=problem, problem_path=where)

    def _keyed(self, record_id: str, values: tuple[Canonical, ...]) -> Record:
        """The record with its key, or with what is wrong with it."""
        parts = [values[index] for index in self._ordered]
        if any(part is None or isinstance(part, DanglingReference) for part in parts):
            return self._without_key(record_id, values)
        if any(not isinstance(part, str | int | Decimal) for part in parts):
            return Record(id=record_id, key=None, key_text=self._text(values), values=values, stray=True)
        text = self._text(values)
        if not self._entity.natural_key and not LEGACY_ID.fullmatch(str(parts[0])):
            return Record(
                id=record_id, key=None, key_text=text, values=values, defect="malformed: not 24 lower-case hex digits"
            )
        return Record(id=record_id, key=RecordKey(parts=tuple(parts), text=text), key_text=text, values=values)  # type: ignore[arg-type]

    def _without_key(self, record_id: str, values: tuple[Canonical, ...]) -> Record:
        """A record one of whose key parts is null or leads nowhere."""
        if self._side is Side.SOURCE and not self._entity.natural_key:
            return Record(id=record_id, key=None, key_text=f"id:{record_id}", values=values, stray=True)
        return Record(id=record_id, key=None, key_text=f"id:{record_id}", values=values, defect="null in its key")

    def _text(self, values: Sequence[Canonical]) -> str:
        """The key as reports spell it: parts joined with `/`, secret ones as keyed digests."""
        parts = ((key_part_text(values[index]), secret) for index, secret in self._shown)
        return "/".join(self._digest(text) if secret else text for text, secret in parts)


def key_part_text(part: Canonical) -> str:
    """One part of a key as text; a whole number without a point."""
    if isinstance(part, Mistyped):
        return part.shown
    if isinstance(part, Decimal) and part == part.to_integral_value():
        return str(int(part))
    return str(part)
