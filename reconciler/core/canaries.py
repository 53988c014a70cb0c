"""Known-bad pairs made from good ones: proof, in every run, that the comparison still sees."""

from collections.abc import Iterator
from dataclasses import replace

from reconciler.core.compare import compare
from reconciler.core.model import Canonical, Mistyped, Record
from reconciler.core.normalize import HOLE, JsonBool, Token
from reconciler.core.spec import EntitySpec

CANARY = "canary"


def canaries(record: Record) -> Iterator[tuple[int, Record]]:
    """Copies of a record with one field spoilt each, and the field's place."""
    for index, value in enumerate(record.values):
        for spoilt in spoil(value):
            yield index, replace(record, values=(*record.values[:index], spoilt, *record.values[index + 1 :]))


def spoil(value: Canonical) -> Iterator[Canonical]:
    """Values that differ from this one: another of its kind, nothing at all, the wrong type."""
    yield Mistyped(type_name=CANARY, shown=CANARY)
    match value:
        case None:
            yield CANARY
            return
        case bool():
            yield not value
        case JsonBool():
            yield JsonBool(not value.value)
        case str():
            yield f"{value} "
        case bytes():
            yield value + b"\0"
        case list():
            yield [*value, HOLE]
        case dict():
            yield {**value, CANARY: None}
        case float():
            yield value + max(abs(value), 1.0) * 1e-15
        case int():
            yield value + 1
        case _:
            yield Token(CANARY)
    yield None


def released(entity: EntitySpec, record: Record) -> tuple[int, int]:
    """How many canaries the record gave, and how many of them the comparison caught at the right field and nowhere else."""
    planted = caught = 0
    for index, spoilt in canaries(record):
        planted += 1
        found = {diff.field_path for diff in compare(entity, source=record, target=spoilt)}
        caught += found == {entity.fields[index].path}
    return planted, caught
