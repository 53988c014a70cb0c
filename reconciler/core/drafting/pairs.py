"""Which collection belongs to which table: by the ids that rows carry, by name, by what columns are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.drafting.facts import ID, CollectionFacts, TableFacts
from reconciler.core.drafting.names import CLOSE, NO_POINTER, fit, likeness
from reconciler.core.drafting.paths import paths_of
from reconciler.core.model import ObjectIdValue

MOST_PROBED = 2_000_000
ENOUGH_IDS, MOST_IDS = 0.2, 0.8
ENOUGH_COLUMNS, LIKE_ENOUGH, MANY_COLUMNS = 0.4, 0.6, 0.7
OID_LENGTH = 24
ID_WORDS = ("legacy", "mongo", "object", "oid", "external", "source", "id")
IDS_WEIGH = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IdHit:
    """A column that carries a share of the sampled `_id`s of a collection."""

    collection: str
    table: str
    column: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A collection and a table that seem to belong together; `legacy` is the column that holds the `_id`."""

    collection: CollectionFacts
    table: TableFacts
    legacy: str = ""
    score: float = 0.0
    doubts: tuple[str, ...] = ()


def object_ids(collection: CollectionFacts) -> list[str]:
    """The sampled `_id`s that are ObjectIds, as hex digits."""
    found = [document.get(ID) for document in collection.documents]
    return [value.hex for value in found if isinstance(value, ObjectIdValue)]


def id_columns(table: TableFacts) -> list[str]:
    """The columns of a table that may hold an ObjectId as text, and can be asked without reading a huge table."""
    cheap = table.estimate <= MOST_PROBED
    return [
        column.name
        for column in table.columns
        if column.is_text
        and not column.is_enum
        and (cheap or column.name in table.indexed)
        and (
            column.length == OID_LENGTH
            or ((column.length or OID_LENGTH) > OID_LENGTH - 1 and _sounds_like_id(column.name))
        )
    ]


def _sounds_like_id(name: str) -> bool:
    """Whether a column's name says that it holds an id."""
    return any(word in name.lower() for word in ID_WORDS)


def primary_pairs(
    collections: Sequence[CollectionFacts], tables: Sequence[TableFacts], hits: Sequence[IdHit]
) -> list[Pair]:
    """The pairs that ids or names speak for, each collection and table once."""
    best = {(hit.collection, hit.table): hit for hit in sorted(hits, key=lambda hit: hit.share)}
    pairs = [
        pair
        for collection in collections
        for table in tables
        if (pair := _primary(collection, table, best.get((collection.name, table.label))))
    ]
    return _each_once(pairs)


def _primary(collection: CollectionFacts, table: TableFacts, hit: IdHit | None) -> Pair | None:
    """The pair, if ids or names speak for it."""
    alike, share = likeness(collection.name, table.name), hit.share if hit else 0.0
    if share < ENOUGH_IDS and alike < CLOSE and not (share and alike):
        return None
    doubts = [] if share else ["collection and table were paired by their names alone"]
    doubts += [f"only {share:.0%} of the sampled ids are in the table"] if 0 < share < MOST_IDS else []
    legacy = hit.column if hit else ""
    score = IDS_WEIGH * share + alike + _columns(collection, table)
    return Pair(collection=collection, table=table, legacy=legacy, score=score, doubts=tuple(doubts))


def split_pairs(
    collections: Sequence[CollectionFacts], tables: Sequence[TableFacts], hits: Sequence[IdHit]
) -> list[Pair]:
    """Further tables that carry the ids of a collection uniquely: documents that were split over several tables."""
    named, labelled = {one.name: one for one in collections}, {one.label: one for one in tables}
    doubt = "a second table carries the ids of this collection; its fields may be split over both"
    return [
        Pair(collection=named[hit.collection], table=labelled[hit.table], legacy=hit.column, doubts=(doubt,))
        for hit in hits
        if hit.table in labelled and hit.share >= MOST_IDS and _unique(labelled[hit.table], hit.column)
    ]


def _unique(table: TableFacts, column: str) -> bool:
    """Whether a unique index holds a column alone."""
    return any(index.columns == (column,) and not index.condition for index in table.unique)


def late_pairs(collections: Sequence[CollectionFacts], tables: Sequence[TableFacts]) -> list[Pair]:
    """The pairs that only columns or a likeness of names speak for, each collection and table once."""
    pairs = []
    for collection in collections:
        for table in tables:
            alike, columns = likeness(collection.name, table.name), _columns(collection, table)
            if columns >= MANY_COLUMNS or (alike >= LIKE_ENOUGH and columns >= ENOUGH_COLUMNS):
                doubt = "collection and table were paired by the names of their fields and columns"
                pairs.append(Pair(collection=collection, table=table, score=alike + columns, doubts=(doubt,)))
    return _each_once(pairs)


def _columns(collection: CollectionFacts, table: TableFacts) -> float:
    """The share of a table's columns that a field of the collection is named like."""
    paths = paths_of(collection.documents)
    wanted = [column.name for column in table.columns if column.name != table.row_id]
    found = [name for name in wanted if any(fit(path, name) >= NO_POINTER for path in paths)]
    return len(found) / len(wanted) if wanted and len(found) > 1 else 0.0


def _each_once(pairs: Sequence[Pair]) -> list[Pair]:
    """The best pairs, each collection and each table once."""
    collections: set[str] = set()
    tables: set[str] = set()
    chosen = []
    for pair in sorted(pairs, key=lambda one: (-one.score, one.collection.name, one.table.label)):
        if pair.collection.name not in collections and pair.table.label not in tables:
            collections.add(pair.collection.name)
            tables.add(pair.table.label)
            chosen.append(pair)
    return chosen


def shares(collections: Sequence[CollectionFacts], table: str, column: str, found: Mapping[str, int]) -> list[IdHit]:
    """What share of each collection's sampled ids a column carries; `found` counts rows by id."""
    hits = []
    for collection in collections:
        ids = object_ids(collection)
        share = sum(one in found for one in ids) / len(ids) if ids else 0.0
        if share:
            hits.append(IdHit(collection=collection.name, table=table, column=column, share=share))
    return hits
