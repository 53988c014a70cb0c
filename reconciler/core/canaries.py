"""Known-bad pairs made from good ones: proof, in every run, that the comparison still sees."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Context, Decimal

from reconciler.core.compare import compare
from reconciler.core.drill import drilled
from reconciler.core.model import Canonical, Mistyped, Record
from reconciler.core.spec import EntitySpec
from reconciler.core.values import HOLE, JsonBool, Token

CANARY = "canary"
NEIGHBOURLY = Context(prec=150_000)


def canaries(record: Record) -> Iterator[tuple[int, Record]]:
    """Copies of a record with one field spoilt each, and the field's place."""
    for index, value in enumerate(record.values):
        for spoilt in spoil(value):
            yield index, replace(record, values=(*record.values[:index], spoilt, *record.values[index + 1 :]))


def spoil(value: Canonical) -> Iterator[Canonical]:
    """Values that differ from this one: another of its kind, nothing at all, the wrong type."""
    yield Mistyped(type_name=CANARY, shown=CANARY)
    yield CANARY if value is None else None
    if value is not None:
        yield _neighbour(value)


def _neighbour(value: Canonical) -> Canonical:
    """The nearest other value of the same form."""
    match value:
        case bool():
            return not value
        case JsonBool():
            return JsonBool(not value.value)
        case str():
            return f"{value} "
        case bytes():
            return value + b"\0"
        case list():
            return [*value, HOLE]
        case dict():
            return {**value, CANARY: None}
        case int():
            return value + 1
        case float():
            return value + max(abs(value), 1.0) * 1e-15
        case Decimal():
            return value.next_plus(NEIGHBOURLY)
        case _:
            return Token(CANARY)


def released(entity: EntitySpec, record: Record) -> tuple[int, int]:
    """How many canaries the record and the entity's drill gave, and how many of them came out at the right field."""
    planted, caught = drilled(entity)
    for index, spoilt in canaries(record):
        planted += 1
        found = {diff.field_path for diff in compare(entity, source=record, target=spoilt)}
        caught += found == {entity.fields[index].path}
    return planted, caught
