"""Drift of a schema: which fields and columns nobody mentions, and which mentioned ones are gone or of another type."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec, NumberType, System
from reconciler.core.wording import listed, number

MASS = 10
"""So many documents at least: fewer that lack a field are differences, each told by itself."""
NEARLY_ALL = 0.9
COORDINATES = ".coordinates"
"""GeoJSON: what lies beside them says that they are a point."""
KNOWN = ("_id", "__v")
NOTHING = frozenset({"null", "undefined", "missing"})
NUMBERS = frozenset({"int", "long", "double"})
TAKEN: Mapping[FieldKind, frozenset[str]] = {
    FieldKind.TEXT: frozenset({"string"}), FieldKind.CHAR: frozenset({"string"}), FieldKind.CI: frozenset({"string"}),
    FieldKind.LOWER: frozenset({"string"}), FieldKind.INTEGER: NUMBERS, FieldKind.DOUBLE: NUMBERS,
    FieldKind.BOOLEAN: frozenset({"bool"}), FieldKind.INSTANT: frozenset({"date"}),
    FieldKind.BYTES: frozenset({"binData"}), FieldKind.ARRAY: frozenset({"array"}),
    FieldKind.CHILDREN: frozenset({"array"}), FieldKind.REFERENCE: frozenset({"objectId"}),
}  # fmt: skip
OF_NUMBERS = {
    NumberType.DECIMAL128: frozenset({"decimal"}), NumberType.DOUBLE: NUMBERS, NumberType.STRING: frozenset({"string"}),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsSeen:
    """What was seen of an entity's documents, or its table's columns: by path how many of each type.

    Paths are those of the record, `[]` standing for every element of an array. `looked_at` is how many were looked at.
    A mentioned path without a type has no value anywhere, not only in those looked at.
    """

    looked_at: int
    types: Mapping[str, Mapping[str, int]]

    def values(self, path: str) -> Mapping[str, int]:
        """How many values of each type there are at a path, nulls left out."""
        return {name: count for name, count in self.types.get(path, {}).items() if name not in NOTHING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """How many rows a table has, and how many of them have a value, by path of the field."""

    rows: int
    values: Mapping[str, int]


# -- what is looked at -------------------------------------------------------------------------------------------------


def plain_path(path: str) -> str:
    """A path up to its first index, which is how far names tell where a value lies."""
    return path.partition("[")[0]


def watched(entity: EntitySpec) -> tuple[FieldSpec, ...]:
    """The fields whose place in documents can be watched by name: not the record's own id, nor its owner."""
    owner = entity.embedded.owner if entity.embedded else ""
    return tuple(one for one in entity.fields if one.kind is not FieldKind.IDENTITY and one.path != owner)


def taken_types(field: FieldSpec) -> frozenset[str]:
    """MongoDB's names of the types that a field's rule takes; empty where it takes whatever there is."""
    if field.kind is FieldKind.DECIMAL:
        return frozenset().union(*(OF_NUMBERS[one] for one in field.accepts))
    return frozenset() if "[" in field.path else TAKEN.get(field.kind, frozenset())


def insides(entity: EntitySpec) -> tuple[str, ...]:
    """The objects below a record that are looked into: `profile`, and `specs[]` for elements that become child rows."""
    whole = {one.path for one in entity.fields if one.kind is FieldKind.JSON}
    above = {step for one in watched(entity) for step in _above(plain_path(one.path))}
    lists = {f"{one.path}[]" for one in entity.fields if one.children}
    return tuple(sorted((above - whole) | lists))


def mentioned(entity: EntitySpec, system: System) -> frozenset[str]:
    """Every path of the entity's documents or elements that some specification mentions, those above it included."""
    known = set(KNOWN)
    for one in _beside(entity, system):
        if one.embedded is not None and one is not entity:
            known |= {plain_path(one.embedded.path), *_above(plain_path(one.embedded.path))}
        else:
            known |= set(_paths(one))
    return frozenset(known)


def mentioned_columns(entity: EntitySpec, system: System) -> Mapping[str, frozenset[str]]:
    """By table of the entity, its own and those of child rows: the columns that some specification mentions."""
    known: dict[str, set[str]] = {}
    tables = {entity.table, *(one.children.table for one in entity.fields if one.children)}
    for one in (other for domain in system.domains for other in domain.entities if other.schema == entity.schema):
        own = {field.column for field in one.fields if field.column}
        known.setdefault(one.table, set()).update(own, {one.row_id, one.legacy_column})
        for field in one.fields:
            if field.children:
                inner = {item.column for item in field.children.fields}
                places = {field.children.parent_column, field.children.position_column, "id"}
                known.setdefault(field.children.table, set()).update(inner, places)
    return {table: frozenset(known[table]) for table in sorted(tables)}


def _beside(entity: EntitySpec, system: System) -> Iterator[EntitySpec]:
    """The entities whose paths lie in the same documents; an embedded record's are its own."""
    yield entity
    if entity.embedded is None:
        for domain in system.domains:
            yield from (one for one in domain.entities if one.collection == entity.collection and one != entity)


def _paths(entity: EntitySpec) -> Iterator[str]:
    """The paths of an entity's fields, and all above them."""
    for one in watched(entity):
        path = plain_path(one.path)
        yield from (path, *_above(path))
        if path.endswith(COORDINATES):
            yield f"{path.removesuffix(COORDINATES)}.type"
        for item in one.children.fields if one.children else ():
            inner = plain_path(item.path)
            yield from (f"{path}[].{step}" for step in (inner, *_above(inner), *KNOWN))


def _above(path: str) -> Iterator[str]:
    """The objects that a path leads through."""
    steps = path.split(".")
    yield from (".".join(steps[:count]) for count in range(1, len(steps)))


# -- what it says ------------------------------------------------------------------------------------------------------


def without_values(entity: EntitySpec, seen: FieldsSeen) -> tuple[FieldSpec, ...]:
    """The fields that no document has a value of, where there are enough documents to wonder about."""
    if seen.looked_at < MASS:
        return ()
    return tuple(one for one in watched(entity) if not seen.values(plain_path(one.path)))


def gone(
    entity: EntitySpec, lost: Iterable[FieldSpec], *, filled: Filled, known: AbstractSet[str], others: tuple[str, ...]
) -> tuple[str, ...]:
    """A sentence for each field of `lost` that the target still has: it was there before, or nearly every row has it.

    `known` are the paths that an earlier scan saw, `others` those that nobody mentions and one may have become.
    """
    sentences = []
    for one in lost:
        count = filled.values.get(one.path, 0)
        if count >= MASS and (plain_path(one.path) in known or count >= NEARLY_ALL * filled.rows):
            before = "an earlier scan saw it" if plain_path(one.path) in known else "it may never have been there"
            renamed = f"; fields that nobody mentions: {listed(others)}" if others else ""
            sentences.append(
                f"field {one.path} of entity {entity.name} is in no document of {entity.collection}, while "
                f"{number(count)} of {number(filled.rows)} rows have a value ({before}): renamed, dropped or mistaken "
                f"in the mapping{renamed}"
            )
    return tuple(sentences)


def retyped(entity: EntitySpec, seen: FieldsSeen) -> tuple[str, ...]:
    """A sentence for each field of which every value is of a type that its rule can't take."""
    sentences = []
    for one in watched(entity):
        values, taken = seen.values(plain_path(one.path)), taken_types(one)
        if taken and sum(values.values()) >= MASS and not taken & values.keys():
            sentences.append(
                f"field {one.path} of entity {entity.name}: expected {' or '.join(sorted(taken))} for kind "
                f"{one.kind.value}, got {listed(tuple(sorted(values)))} in every document of {entity.collection}"
            )
    return tuple(sentences)
