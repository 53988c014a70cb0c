"""Mistakes in invariants: fields that do not exist or do not suit the kind, options that the kind does not take."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.adapters.config.mistakes import dotted, mistake, suggestion
from reconciler.adapters.config.raw import DomainFile
from reconciler.adapters.config.shapes import DomainShape, FieldShape, InvariantShape
from reconciler.core.spec import FieldKind, InvariantKind

NUMBERS: Final = frozenset({FieldKind.INTEGER, FieldKind.DECIMAL, FieldKind.DOUBLE})
SUMMABLE: Final = frozenset({FieldKind.INTEGER, FieldKind.DECIMAL})
REFERENCES: Final = frozenset({FieldKind.REFERENCE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a kind of invariant takes: how many fields (None: one or more), kinds of the first, other options."""

    fields: int | None
    first: frozenset[FieldKind] = frozenset(FieldKind)
    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()


FORMS: Final[Mapping[InvariantKind, Form]] = {
    InvariantKind.UNIQUE: Form(fields=None),
    InvariantKind.AT_MOST_ONE: Form(fields=0, needs=frozenset({"where"}), takes=frozenset({"group"})),
    InvariantKind.EXACTLY_ONE: Form(fields=0, needs=frozenset({"where"}), takes=frozenset({"group"})),
    InvariantKind.NO_CYCLES: Form(fields=1, first=REFERENCES),
    InvariantKind.RANGE: Form(fields=1, first=NUMBERS, takes=frozenset({"minimum", "maximum"})),
    InvariantKind.CONTIGUOUS: Form(fields=3, first=NUMBERS),
    InvariantKind.SUM_EQUAL: Form(fields=1, first=SUMMABLE, takes=frozenset({"group"})),
    InvariantKind.BELONGS_TO: Form(fields=2, first=REFERENCES),
    InvariantKind.EXISTS: Form(fields=1, first=REFERENCES),
}


def invariant_mistakes(file: DomainFile, shape: DomainShape, owners: Mapping[str, DomainFile]) -> Iterator[str]:
    """Every mistake of a domain's invariants; `owners` gives the file of each entity of all domains."""
    names = [item.name for item in shape.invariant]
    for item in shape.invariant:
        key = dotted(("invariant", item.name))
        if names.count(item.name) > 1:
            yield mistake(file.where, key, expected="each name once", got=f"it {names.count(item.name)} times")
        if item.entity in file.entities:
            yield from _options(file.where, key, item)
            yield from _paths(file, key, item)
            yield from _first_field(file, key, item)
            yield from _pointing_back(file, key, item, owners)
        else:
            expected = suggestion(item.entity, sorted(file.entities))
            yield mistake(file.where, f"{key}.entity", expected=expected, got=repr(item.entity))


def _options(where: str, key: str, item: InvariantShape) -> Iterator[str]:
    """The number of fields, and the options that the kind needs or takes."""
    form = FORMS[item.kind]
    if form.fields is None and not item.fields:
        yield mistake(where, f"{key}.fields", expected="at least one field", got="none")
    if form.fields is not None and len(item.fields) != form.fields:
        expected = f"{form.fields or 'no'} field{'' if form.fields == 1 else 's'} with kind {item.kind}"
        yield mistake(where, f"{key}.fields", expected=expected, got=str(len(item.fields)))
    given = {name for name in ("group", "where", "minimum", "maximum") if getattr(item, name) not in (None, [], {})}
    for name in sorted(given - form.needs - form.takes):
        yield mistake(where, f"{key}.{name}", expected=f"nothing with kind {item.kind}", got="a value")
    for name in sorted(form.needs - given):
        yield mistake(where, f"{key}.{name}", expected=f"a value, as kind {item.kind} needs it", got="nothing")
    if item.kind is InvariantKind.RANGE:
        yield from _range(where, key, item)


def _range(where: str, key: str, item: InvariantShape) -> Iterator[str]:
    """A range has a bound, and its bounds are in order."""
    if item.minimum is None and item.maximum is None:
        yield mistake(where, key, expected="minimum, maximum or both", got="neither")
    elif item.minimum is not None and item.maximum is not None and item.minimum > item.maximum:
        yield mistake(where, f"{key}.maximum", expected=f"at least {item.minimum}", got=str(item.maximum))


def _paths(file: DomainFile, key: str, item: InvariantShape) -> Iterator[str]:
    """Fields, group and where name fields of the entity."""
    known = file.paths(item.entity)
    own = item.fields[:1] if item.kind is InvariantKind.BELONGS_TO else item.fields
    for option, paths in (("fields", own), ("group", item.group), ("where", list(item.where))):
        for path in paths:
            if path not in known:
                yield mistake(file.where, f"{key}.{option}", expected=suggestion(path, sorted(known)), got=repr(path))


def _first_field(file: DomainFile, key: str, item: InvariantShape) -> Iterator[str]:
    """The first field is of a kind that the invariant can work on; a cycle needs a reference to its own entity."""
    field, form = _first(file, item), FORMS[item.kind]
    if field is None:
        return
    if field.kind not in form.first:
        expected = f"a field of kind {' or '.join(sorted(form.first))} first"
        yield mistake(file.where, f"{key}.fields", expected=expected, got=f"{item.fields[0]} of kind {field.kind}")
    elif item.kind is InvariantKind.NO_CYCLES and field.refers_to != item.entity:
        got = f"{item.fields[0]}, which refers to {field.refers_to}"
        yield mistake(file.where, f"{key}.fields", expected=f"a reference to {item.entity} itself", got=got)


def _pointing_back(file: DomainFile, key: str, item: InvariantShape, owners: Mapping[str, DomainFile]) -> Iterator[str]:
    """What a record belongs to has a field that points back."""
    field = _first(file, item)
    if item.kind is not InvariantKind.BELONGS_TO or len(item.fields) < 2 or field is None:  # noqa: PLR2004 - there and back
        return
    other = field.refers_to or ""
    if other in owners and owners[other].shape and item.fields[1] not in owners[other].paths(other):
        expected = f"a field of {other}, which is {suggestion(item.fields[1], sorted(owners[other].paths(other)))}"
        yield mistake(file.where, f"{key}.fields", expected=expected, got=repr(item.fields[1]))


def _first(file: DomainFile, item: InvariantShape) -> FieldShape | None:
    """The first field's shape, None where it has none."""
    entity = file.shape.entity.get(item.entity) if file.shape else None
    return entity.fields.get(item.fields[0]) if entity and item.fields else None
