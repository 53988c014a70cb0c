"""Mistakes of an entity that its shape does not show: keys that name no field, doubled columns, misplaced options."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.adapters.config.build import column_of
from reconciler.adapters.config.mistakes import dotted, mistake, suggestion
from reconciler.adapters.config.raw import DomainFile
from reconciler.adapters.config.shapes import EntityShape, FieldShape
from reconciler.core.spec import NAME, PATH, FieldKind

ELEMENT_KINDS: Final = frozenset(
    {
        FieldKind.TEXT,
        FieldKind.CI,
        FieldKind.LOWER,
        FieldKind.INTEGER,
        FieldKind.DOUBLE,
        FieldKind.BOOLEAN,
        FieldKind.INSTANT,
        FieldKind.BYTES,
    }
)
KEY_KINDS: Final = frozenset({FieldKind.IDENTITY, FieldKind.TEXT, FieldKind.INTEGER})
# Which kind an option belongs to, and whether that kind needs it.
OPTIONS: Final[Mapping[str, tuple[FieldKind, bool]]] = {
    "scale": (FieldKind.DECIMAL, True),
    "accepts": (FieldKind.DECIMAL, False),
    "items": (FieldKind.ARRAY, True),
    "refers_to": (FieldKind.REFERENCE, True),
    "table": (FieldKind.CHILDREN, True),
    "parent_column": (FieldKind.CHILDREN, True),
    "position_column": (FieldKind.CHILDREN, False),
    "fields": (FieldKind.CHILDREN, True),
}


def entity_mistakes(file: DomainFile, name: str, entity: EntityShape, *, entities: frozenset[str]) -> Iterator[str]:
    """Every mistake of one entity; `entities` are the names of all domains' entities."""
    if not NAME.fullmatch(name):
        yield mistake(file.where, dotted(("entity", name)), expected="a name in lower_snake_case", got=repr(name))
    yield from _embedding(file, name, entity, entities)
    yield from _key(file, name, entity)
    yield from _named_paths(file, name, entity)
    for path, field in entity.fields.items():
        yield from _field(file.where, ("entity", name, "fields", path), field, entities)
    yield from _doubled_columns(file.where, name, entity)


def _embedding(file: DomainFile, name: str, entity: EntityShape, entities: frozenset[str]) -> Iterator[str]:
    """An embedded entity has an owner, and a key of its own."""
    raw = file.tree["entity"][name]
    if ("embedded" in raw) != ("owner" in raw):
        lacking = "owner" if "embedded" in raw else "embedded"
        yield mistake(
            file.where, dotted(("entity", name, lacking)), expected="embedded and owner together", got="one alone"
        )
    if "embedded" in raw and "key" not in raw:
        expected = "a key, as embedded records have no legacy_object_id"
        yield mistake(file.where, dotted(("entity", name, "key")), expected=expected, got="nothing")
    if entity.owner and entity.owner.entity not in entities:
        key = dotted(("entity", name, "owner", "entity"))
        yield mistake(
            file.where, key, expected=suggestion(entity.owner.entity, sorted(entities)), got=repr(entity.owner.entity)
        )


def _key(file: DomainFile, name: str, entity: EntityShape) -> Iterator[str]:
    """The key's parts are fields of kinds that have an order both stores agree on."""
    where, key = file.where, dotted(("entity", name, "key"))
    known = file.paths(name)
    for path in entity.key or ():
        field = entity.fields.get(path)
        if "[" in path:
            yield mistake(where, key, expected="a path without an index: MongoDB can't be asked by one", got=repr(path))
        elif path not in known:
            yield mistake(where, key, expected=suggestion(path, sorted(known)), got=repr(path))
        elif field and field.kind not in KEY_KINDS:
            yield mistake(
                where, key, expected="fields of kind text or integer, or the owner", got=f"{path} of kind {field.kind}"
            )
    if entity.key and len(set(entity.key)) != len(entity.key):
        yield mistake(where, key, expected="each field once", got=", ".join(entity.key))


def _named_paths(file: DomainFile, name: str, entity: EntityShape) -> Iterator[str]:
    """Scope and ttl name fields of the right kind."""
    wanted = [("ttl", entity.ttl, FieldKind.INSTANT), ("scope", entity.scope and entity.scope.path, FieldKind.TEXT)]
    for option, path, kind in wanted:
        if not path:
            continue
        key, field = dotted(("entity", name, option)), entity.fields.get(path)
        if path not in file.paths(name):
            yield mistake(file.where, key, expected=suggestion(path, sorted(file.paths(name))), got=repr(path))
        elif field and field.kind is not kind:
            yield mistake(file.where, key, expected=f"a field of kind {kind}", got=f"{path} of kind {field.kind}")


def _field(where: str, place: tuple[str, ...], field: FieldShape, entities: frozenset[str]) -> Iterator[str]:
    """Every mistake of one field, and of the fields of its child table."""
    key = dotted(place)
    if not PATH.fullmatch(place[-1]):
        yield mistake(where, key, expected="a path like profile.phone or location.coordinates[0]", got=repr(place[-1]))
    if field.kind is FieldKind.IDENTITY:
        yield mistake(
            where, f"{key}.kind", expected="another kind, as the field _id is added by itself", got="identity"
        )
    yield from _options(where, key, field)
    if field.items and field.items not in ELEMENT_KINDS:
        yield mistake(where, f"{key}.items", expected=f"one of {', '.join(sorted(ELEMENT_KINDS))}", got=field.items)
    if field.refers_to and field.refers_to not in entities:
        yield mistake(
            where, f"{key}.refers_to", expected=suggestion(field.refers_to, sorted(entities)), got=repr(field.refers_to)
        )
    for path, child in (field.fields or {}).items():
        if child.kind is FieldKind.CHILDREN:
            got = "children"
            yield mistake(
                where, dotted((*place, "fields", path, "kind")), expected="elements without children", got=got
            )
        else:
            yield from _field(where, (*place, "fields", path), child, entities)


def _options(where: str, key: str, field: FieldShape) -> Iterator[str]:
    """Options stand with the kind that they belong to."""
    for option, (kind, needed) in OPTIONS.items():
        given = bool(getattr(field, option) is not None)
        if given and field.kind is not kind:
            yield mistake(where, f"{key}.{option}", expected=f"this with kind {kind} only", got=f"kind {field.kind}")
        elif needed and not given and field.kind is kind:
            yield mistake(where, f"{key}.{option}", expected=f"a value, as kind {kind} needs it", got="nothing")
    if field.kind is FieldKind.CHILDREN and field.column:
        yield mistake(where, f"{key}.column", expected="no column, as children have a table", got=repr(field.column))
    if field.fields is not None and not field.fields:
        yield mistake(where, f"{key}.fields", expected="at least one field", got="an empty table")


def _doubled_columns(where: str, name: str, entity: EntityShape) -> Iterator[str]:
    """No column is compared twice, neither in the table nor in a child table."""
    legacy = [entity.legacy_column] if entity.key is None else []
    owner = [entity.owner.column] if entity.owner else []
    own = [column_of(path, field) for path, field in entity.fields.items() if field.kind is not FieldKind.CHILDREN]
    yield from _doubles(where, dotted(("entity", name)), [*legacy, *owner, *own])
    for path, field in entity.fields.items():
        if field.kind is FieldKind.CHILDREN:
            system = [field.parent_column or "", field.position_column or "position"]
            columns = [column_of(part, child) for part, child in (field.fields or {}).items()]
            yield from _doubles(where, dotted(("entity", name, "fields", path)), [*system, *columns])


def _doubles(where: str, key: str, columns: list[str]) -> Iterator[str]:
    """A mistake for each column that stands there more than once."""
    for column, times in sorted(Counter(columns).items()):
        if times > 1:
            yield mistake(where, key, expected='each column once, set with column = "…"', got=f"{column} {times} times")
