"""Matched collections and tables to draft entities: fields with what they refer to, keys, options, unique indexes."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.drafting.draft import DraftChildren, DraftEntity, DraftField, DraftUnique
from reconciler.core.drafting.facts import ID, CollectionFacts, Matched, Resolved, TableFacts
from reconciler.core.drafting.fields import FieldGuess, Pairing, paired
from reconciler.core.drafting.kinds import Kind, kinds_for
from reconciler.core.drafting.names import ENDING, LONGEST_NAME, entity_name, free_name, likeness, words
from reconciler.core.drafting.paths import top_names
from reconciler.core.drafting.sensitivity import sensitivity
from reconciler.core.spec import PATH, FieldKind

UNIQUE_KINDS = frozenset({
    FieldKind.TEXT, FieldKind.CHAR, FieldKind.CI, FieldKind.LOWER, FieldKind.INTEGER, FieldKind.REFERENCE,
})  # fmt: skip
BOOKKEEPING = frozenset({ID, "__v"})
GROWING = frozenset({"history", "histories", "ledger", "log", "logs", "audit", "event", "events", "entry", "entries"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Names that stand for what is known: entities by table and by collection (those that references can reach)."""

    names: Mapping[str, str]
    by_collection: Mapping[str, str]
    reachable: frozenset[str]
    collections: Mapping[str, CollectionFacts]


def drafted(matched: Matched, inside: Sequence[Matched], known: Known, resolved: Resolved) -> DraftEntity:
    """An entity with its fields and child tables; `inside` is what is embedded in its documents."""
    pairing = paired(matched, resolved, without=_system_columns(matched))
    fields, notes = _fields(matched, pairing, known)
    nested = [_children(child, known, resolved) for child in inside if child.place and child.place.position]
    taken = {field.path for field in nested}
    entity = DraftEntity(
        name=known.names[matched.table.label],
        collection=matched.collection,
        table=matched.table.label,
        fields=(*(field for field in fields if field.path not in taken), *nested),
        key=_key(matched, known),
        row_id=matched.table.row_id,
        legacy_column=matched.key.legacy_column,
        doubts=(*matched.doubts, *matched.key.doubts, *_missing(matched)),
        notes=(*notes, *_left_names(matched, fields, inside)),
    )
    return _with_options(entity, matched, known)


def _system_columns(matched: Matched) -> frozenset[str]:
    """The columns that are no fields: ids, the parent's id, positions."""
    place, key = matched.place, matched.key
    own = {matched.table.row_id, key.legacy_column} - set(key.columns)
    return frozenset(own | ({place.link, place.position} if place else set()))


def _fields(matched: Matched, pairing: Pairing, known: Known) -> tuple[list[DraftField], list[str]]:
    """The fields, those that no sampled document has among them, and a note on each column that is none."""
    fields: list[DraftField] = []
    notes = []
    owner = known.names.get(matched.place.parent, "") if matched.place else ""
    implicit = {owner} | ({ID} if matched.key.legacy_column else set())
    for guess in (*pairing.fields, *_unseen(matched, pairing)):
        field, why = _field(guess, matched, known)
        if field and field.path not in implicit:
            fields.append(field)
        else:
            notes.append(f"column {guess.column}: {why or 'its path is the name of the owner'}")
    made = {field.column for field in fields}
    unseen = {guess.column for guess in _unseen(matched, pairing)}
    notes += [f"column {name}: {why}" for name, why in pairing.left_columns if name not in made | unseen]
    return fields, notes


def _unseen(matched: Matched, pairing: Pairing) -> Iterator[FieldGuess]:
    """Fields for columns that are empty as far as rows were read, and that no sampled document has: named alike."""
    used = set(pairing.used)
    for name, _ in pairing.left_columns:
        column, path = matched.table.column(name), _camel(name)
        filled = any(row[name] is not None for _, row in matched.pairs)
        kinds = kinds_for(column, (), {}) if column else ()
        if kinds and path and path not in used and not filled and not _seen_otherwise(matched, path):
            used.add(path)
            table = next((one.table for one in matched.table.foreign if one.column == name), "")
            doubt = "no sampled document has it, so it is named after the column"
            yield FieldGuess(path=path, column=name, kind=kinds[0], table=table, doubts=(doubt,))


def _seen_otherwise(matched: Matched, path: str) -> bool:
    """Whether documents hold something at a path after all, of a type that did not go with the column."""
    return any(document.get(path) is not None for document in matched.documents)


def _camel(column: str) -> str:
    """A column's name as a path."""
    first, *rest = words(column) or [""]
    path = first + "".join(word.capitalize() for word in rest)
    return path if PATH.fullmatch(path) else ""


def _field(guess: FieldGuess, matched: Matched, known: Known) -> tuple[DraftField | None, str]:
    """A guess as a field, or why it can't be one."""
    refers_to, doubts = "", guess.doubts
    if guess.kind.kind is FieldKind.REFERENCE:
        refers_to, doubt = _refers_to(guess, matched, known)
        if not refers_to:
            return None, doubt
        doubts = (*doubts, doubt) if doubt else doubts
    level, doubt = sensitivity(guess.path, guess.column, guess.kind.kind)
    field = DraftField(
        path=guess.path, column=guess.column, kind=guess.kind, sensitivity=level, refers_to=refers_to, seen=guess.seen,
        doubts=(*doubts, doubt) if doubt else doubts,
    )  # fmt: skip
    return field, ""


def _refers_to(guess: FieldGuess, matched: Matched, known: Known) -> tuple[str, str]:
    """The entity that a reference leads to, with a doubt; without one, the reason."""
    for name, doubt in (
        (known.names.get(guess.table, ""), ""),
        (known.by_collection.get(guess.collection, ""), "it refers to where its ObjectIds were found"),
    ):
        if name in known.reachable:
            return name, doubt
    if guess.table or guess.collection:
        return "", f"it refers to {guess.table or guess.collection}, whose rows carry no ObjectId to compare"
    bare = guess.path.rpartition(".")[2].removesuffix("Id")
    close = [(likeness(bare, name), name) for name in sorted(known.reachable)]
    score, name = max(close, default=(0.0, ""))
    if score >= ENDING:
        return name, "it refers to what its name says, no value leads there"
    own = known.names.get(matched.table.label, "")
    if bare.lower().startswith("parent") and own in known.reachable:
        return own, "it refers to its own kind, as its name says"
    return "", "what it refers to was not found"


def _key(matched: Matched, known: Known) -> tuple[str, ...]:
    """The key's paths, with the owner's name first where it is a part."""
    if matched.key.legacy_column:
        return ()
    owner = (known.names[matched.place.parent],) if matched.place and matched.key.owned else ()
    return (*owner, *matched.key.paths)


def _children(child: Matched, known: Known, resolved: Resolved) -> DraftField:
    """A child table as a field of its parent."""
    place = child.place
    if place is None:
        raise ValueError(child.table.label)
    fields, notes = _fields(child, paired(child, resolved, without=_system_columns(child)), known)
    level, _ = sensitivity(place.path, child.table.name, FieldKind.CHILDREN)
    table = DraftChildren(
        table=child.table.name, parent_column=place.link, position_column=place.position, fields=tuple(fields),
        notes=tuple(notes),
    )  # fmt: skip
    kind = Kind(kind=FieldKind.CHILDREN)
    return DraftField(path=place.path, column="", kind=kind, sensitivity=level, doubts=child.doubts, children=table)


def _missing(matched: Matched) -> Iterator[str]:
    """What to think of documents without a row."""
    lost = matched.sampled - len(matched.pairs)
    if matched.place is None and lost and matched.pairs:
        yield (
            f"{lost} of {matched.sampled} sampled documents have no row; if that is meant,"
            ' set scope = { path = "…", prefix = "…" } or ttl'
        )
    if not matched.documents:
        yield "the source holds no documents to look at, so all of this rests on names"


def _left_names(matched: Matched, fields: Sequence[DraftField], inside: Sequence[Matched]) -> Iterator[str]:
    """A note on the fields that no column was found for, by their top-level names, and on columns without a name."""
    paths = [field.path for field in fields] + [one.place.path for one in inside if one.place]
    used = {re.split(r"[.\[]", path)[0] for path in paths} | BOOKKEEPING
    left = [name for name in top_names(matched.documents) if name not in used]
    if left:
        yield f"no column was found for {', '.join(left)}"
    if matched.table.nameless:
        yield f"{matched.table.nameless} columns whose names can not stand in a configuration"


def _with_options(entity: DraftEntity, matched: Matched, known: Known) -> DraftEntity:
    """The entity with what its place, its collection's indexes and its name say."""
    fields = {field.path: field for field in entity.fields}
    place = matched.place
    if place:
        return replace(
            entity,
            embedded=f"{place.path}[]" if place.many else place.path,
            owner=known.names[place.parent],
            owner_column=place.link,
            may_be_empty=True,
            unique=tuple(_unique(entity, matched.table, ())),
            doubts=(*entity.doubts, *_expiring(entity)),
        )
    collection = known.collections[matched.collection]
    instants = [path for path in collection.ttl if path in fields and fields[path].kind.kind is FieldKind.INSTANT]
    return replace(
        entity,
        ttl=instants[0] if instants else "",
        may_be_empty=bool(instants) or not matched.documents,
        unique=tuple(_unique(entity, matched.table, collection.unique)),
        doubts=(*entity.doubts, *_growing(entity), *_dropped_later(collection, fields)),
    )


def _dropped_later(collection: CollectionFacts, fields: Collection[str]) -> Iterator[str]:
    """A hint at documents that go some time after what a field says."""
    for path in collection.later_ttl:
        if path in fields:
            yield f"a TTL index drops documents some time after {path}, which ttl can not say"


def _expiring(entity: DraftEntity) -> Iterator[str]:
    """A hint where embedded records seem to expire."""
    for field in entity.fields:
        if field.kind.kind is FieldKind.INSTANT and words(field.path)[-2:-1] in (["expires"], ["expire"], ["expiry"]):
            yield f'if past records are dropped, set ttl = "{field.path}"'


def _growing(entity: DraftEntity) -> Iterator[str]:
    """A hint where records seem to be only ever added."""
    if words(entity.table)[-1:] and words(entity.table)[-1] in GROWING:
        yield "if records are only ever added, set append_only = true"


def _unique(entity: DraftEntity, table: TableFacts, source: Sequence[tuple[str, ...]]) -> Iterator[DraftUnique]:
    """Invariants from unique indexes of both stores, each once; the key holds anyway."""
    fields = {field.path: field for field in entity.fields if field.kind.kind in UNIQUE_KINDS}
    paths = {field.column: field.path for field in fields.values()}
    flags = {field.column: field.path for field in entity.fields if field.kind.kind is FieldKind.BOOLEAN}
    seen: set[tuple[frozenset[str], str]] = {(frozenset(entity.key), "")}
    wanted = [(tuple(paths.get(name, "") for name in index.columns), index.condition) for index in table.unique]
    for names, condition in (*wanted, *((one, "") for one in source)):
        where = flags.get(condition.strip("()"), "")
        place = (frozenset(names), where)
        if fields.keys() >= set(names) and bool(where) == bool(condition) and place not in seen:
            seen.add(place)
            yield DraftUnique(name=_unique_name(entity, names, where), entity=entity.name, fields=names, where=where)


def _unique_name(entity: DraftEntity, names: Sequence[str], where: str) -> str:
    """The name of an invariant."""
    parts = [
        *(["one", *words(where)] if where else ["unique"]),
        entity.name,
        *(word for path in names for word in words(path)),
    ]
    return "_".join(parts)[:LONGEST_NAME]


def named(matched: Sequence[Matched], collections: Sequence[CollectionFacts]) -> Known:
    """Names for all entities, each once."""
    names: dict[str, str] = {}
    by_collection: dict[str, str] = {}
    reachable = set()
    for one in matched:
        if one.place and one.place.position:
            continue
        name = free_name(entity_name(one.table.name), names.values())
        names[one.table.label] = name
        if one.key.legacy_column and one.place is None:
            by_collection.setdefault(one.collection, name)
            reachable.add(name)
    return Known(
        names=names,
        by_collection=by_collection,
        reachable=frozenset(reachable),
        collections={one.name: one for one in collections},
    )
