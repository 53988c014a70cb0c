"""Known-bad pairs made from good ones: proof, in every run, that the comparison still sees."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from reconciler.core.compare import compare
from reconciler.core.drill import drilled
from reconciler.core.model import Canonical, Mistyped, Record
from reconciler.core.ruling import EXACT, Rulebook, beyond
from reconciler.core.spec import EntitySpec
from reconciler.core.values import HOLE, JsonBool, Token

CANARY = "canary"


def canaries(record: Record) -> Iterator[tuple[int, Record]]:
    """Copies of a record with one field spoilt each, and the field's place."""
    for index, value in enumerate(record.values):
        for spoilt in spoil(value):
            yield index, _with(record, index, spoilt)


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
            return value.next_plus(EXACT)
        case _:
            return Token(CANARY)


def released(entity: EntitySpec, record: Record) -> tuple[int, int]:
    """How many canaries the record and the entity's drill gave, and how many of them came out at the right field.

    Where a declared rule is about a field, what the rule takes away there proves nothing and is not planted.
    """
    book = Rulebook(entity)
    planted, caught = drilled(entity)
    for index, spoilt in canaries(record):
        path = entity.fields[index].path
        found = _seen(entity, book, record, spoilt)
        if found or not book.about(path):
            planted += 1
            caught += found == {path}
    for index, spoilt in _beyond(entity, book, record):
        planted += 1
        caught += _seen(entity, book, record, spoilt) == {entity.fields[index].path}
    return planted, caught


def _seen(entity: EntitySpec, book: Rulebook, record: Record, spoilt: Record) -> set[str]:
    """The fields at which the comparison sees a difference that no rule takes away."""
    fields, _ = book.applied(compare(entity, source=record, target=spoilt))
    return {diff.field_path for diff in fields}


def _beyond(entity: EntitySpec, book: Rulebook, record: Record) -> Iterator[tuple[int, Record]]:
    """Copies of a record with one number or instant further away than its tolerance."""
    for index, value in enumerate(record.values):
        tolerance = book.tolerance(entity.fields[index].path)
        far = None if tolerance is None else beyond(tolerance, value)
        if far is not None:
            yield index, _with(record, index, far)


def _with(record: Record, index: int, value: Canonical) -> Record:
    """The record with another value at one place."""
    return replace(record, values=(*record.values[:index], value, *record.values[index + 1 :]))
