"""Asks both stores, one question after the other, and hands what they say to the guessing in core/drafting."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from reconciler.app.drafting.ports import SourceSchema, TargetSchema
from reconciler.core.drafting.draft import Draft, DraftEntity
from reconciler.core.drafting.entities import drafted, named
from reconciler.core.drafting.facts import (
    COLLECTION,
    IDENTIFIER,
    CollectionFacts,
    Document,
    KeyGuess,
    Matched,
    Resolved,
    Row,
    TableFacts,
    Target,
    nameable,
)
from reconciler.core.drafting.grouping import NO_TABLE, domains_of
from reconciler.core.drafting.keys import KeyChance, guessed, key_chances, key_of, matched_by, merit
from reconciler.core.drafting.nested import link_columns, nested_chance, nested_match
from reconciler.core.drafting.pairs import (
    IdHit,
    Pair,
    id_columns,
    late_pairs,
    object_ids,
    primary_pairs,
    shares,
    split_pairs,
)
from reconciler.core.model import ObjectIdValue, Raw

MOST_ROWS, MOST_SAMPLED_ROWS, MOST_IDS = 2_000, 200, 50
GAP_COLUMNS = frozenset({"domain", "resolved_at"})
NO_COLLECTION = "no collection for it was found"
Say = Callable[[str], None]


class Survey:
    """One look at both stores."""

    def __init__(self, *, source: SourceSchema, target: TargetSchema, sample: int, say: Say) -> None:
        """`sample` is how many documents of each collection are looked at; `say` hears what is going on."""
        self._source, self._target, self._sample, self._say = source, target, sample, say
        self._matched: list[Matched] = []
        self._refused: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._resolved = Resolved(rows={}, collections={})

    async def draft(self) -> Draft:
        """The configuration that both stores suggest."""
        self._say("reading collections …")
        collections = [one for one in await self._source.collections(self._sample) if self._usable(one)]
        self._say("reading tables …")
        found = [nameable(table) for table in await self._target.tables()]
        tables = [table for table in found if self._readable(table)]
        self._say(f"{len(collections)} collections, {len(tables)} tables; looking for what belongs together …")
        hits = await self._hits(collections, tables)
        await self._match(primary_pairs(collections, tables, hits))
        await self._match(split_pairs(collections, self._left(tables), hits))
        await self._match_nested(self._left(tables))
        await self._match(late_pairs(self._lonely(collections), self._left(tables)))
        await self._resolve(collections)
        return self._drafted(collections, tables)

    def _usable(self, collection: CollectionFacts) -> bool:
        """Whether a configuration can name a collection; those that it can't are told of."""
        usable = bool(COLLECTION.fullmatch(collection.name))
        if not usable:
            self._reasons[collection.name] = "its name can not stand in a configuration"
        return usable

    def _readable(self, table: TableFacts) -> bool:
        """Whether the account may read a table that a configuration can name; the others are told of."""
        if not table.readable:
            self._refused[table.label] = "the account may not read it"
        elif not (IDENTIFIER.fullmatch(table.name) and IDENTIFIER.fullmatch(table.schema)):
            self._refused[table.label] = "its name can not stand in a configuration"
        return table.label not in self._refused

    def _left(self, tables: Sequence[TableFacts]) -> list[TableFacts]:
        """The tables that nothing was found for yet."""
        taken = {matched.table.label for matched in self._matched} | set(self._refused)
        return [table for table in tables if table.label not in taken]

    def _lonely(self, collections: Sequence[CollectionFacts]) -> list[CollectionFacts]:
        """The collections that nothing was found for yet."""
        taken = {matched.collection for matched in self._matched}
        return [one for one in collections if one.name not in taken]

    # -- pairs ---------------------------------------------------------------------------------------------------------

    async def _hits(self, collections: Sequence[CollectionFacts], tables: Sequence[TableFacts]) -> list[IdHit]:
        """Which columns carry the ids of which collection."""
        ids = sorted({digits for one in collections for digits in object_ids(one)})
        hits: list[IdHit] = []
        for table in tables if ids else ():
            for column in id_columns(table):
                found = await self._target.carried(table, column, ids)
                hits += shares(collections, table.label, column, found)
        return hits

    async def _match(self, pairs: Sequence[Pair]) -> None:
        """Finds the key of each pair, and records on both sides."""
        for pair in pairs:
            if not pair.table.row_id:
                self._refuse(pair, "no single column tells its rows apart")
                continue
            self._say(f"  {pair.collection.name} ↔ {pair.table.label}")
            matched = await (self._by_legacy(pair) if pair.legacy else self._by_natural_key(pair))
            if matched:
                self._matched.append(matched)
            else:
                self._refuse(pair, "nothing that could be its key was found")

    def _refuse(self, pair: Pair, why: str) -> None:
        """Remembers why a pair can't be compared."""
        self._refused[pair.table.label] = f"it seems to hold {pair.collection.name}, but {why}"
        self._reasons[pair.collection.name] = f"the table {pair.table.label} seems to hold it, but {why}"

    async def _by_legacy(self, pair: Pair) -> Matched:
        """Records by the ids that rows carry."""
        rows = await self._rows(pair.table, pair.legacy, object_ids(pair.collection))
        by_id = {row[pair.legacy]: row for row in rows}
        found = [
            (document, by_id[digits]) for document in pair.collection.documents if (digits := _hex(document)) in by_id
        ]
        return _matched(pair, KeyGuess(legacy_column=pair.legacy), found)

    async def _by_natural_key(self, pair: Pair) -> Matched | None:
        """Records by the key that finds most of them; a column named like one for ids where there are none to see."""
        documents, best = pair.collection.documents, None
        for chance in key_chances(pair.table, documents, without=frozenset()):
            found = matched_by(documents, await self._keyed_rows(pair.table, documents, chance), chance)
            merits = merit(chance, len(found), len(documents))
            if best is None or merits > best[0]:
                best = (merits, chance, found)
        if best and (best[2] or not id_columns(pair.table)):
            sure = len(best[2]) * 2 > len(documents)
            pair = replace(pair, doubts=()) if sure else pair
            return _matched(pair, guessed(best[1], matches=len(best[2])), best[2])
        for column in id_columns(pair.table)[:1]:
            if object_ids(pair.collection) or not documents:
                doubt = f"no sampled document was found in its column {column}, which is named like one for ids"
                return _matched(pair, KeyGuess(legacy_column=column, doubts=(doubt,)), [])
        return None

    async def _keyed_rows(self, table: TableFacts, documents: Sequence[Document], chance: KeyChance) -> Sequence[Row]:
        """The rows that may have the keys of these documents."""
        keys = [key for document in documents if (key := key_of(document, chance.paths)) is not None]
        return await self._rows(table, chance.columns[0], [key[0] for key in keys])

    async def _rows(self, table: TableFacts, column: str, values: Iterable[object]) -> Sequence[Row]:
        """Rows whose column is one of these values."""
        wanted = [one for one in dict.fromkeys(values) if isinstance(one, str | int)]
        return await self._target.rows(table, column, wanted, max(MOST_ROWS, len(wanted))) if wanted else ()

    # -- embedded records ----------------------------------------------------------------------------------------------

    async def _match_nested(self, tables: Sequence[TableFacts]) -> None:
        """Finds the tables that hold what is embedded in documents."""
        for table in tables:
            rows = await self._target.some(table, MOST_SAMPLED_ROWS)
            await self._resolve_rows(_uuids(table, rows))
            chance = nested_chance(table, link_columns(table, rows, self._resolved), self._matched)
            if chance is None:
                continue
            self._say(f"  {chance.parent.collection}.{chance.path} ↔ {table.label}")
            parents = [row[chance.parent.table.row_id] for _, row in chance.parent.pairs]
            found = nested_match(chance, await self._rows(table, chance.link, parents))
            if isinstance(found, Matched):
                self._matched.append(found)
            else:
                self._refused[table.label] = (
                    f"it seems to hold {chance.path} of {chance.parent.collection}, but {found}"
                )

    # -- what ids lead to ----------------------------------------------------------------------------------------------

    async def _resolve(self, collections: Sequence[CollectionFacts]) -> None:
        """Learns what the UUIDs of matched rows, and the ObjectIds of documents, lead to."""
        for matched in self._matched:
            await self._resolve_rows(_uuids(matched.table, [row for _, row in matched.pairs]))
        ids = sorted({digits for one in collections for digits in _object_ids_in(one)})
        held: dict[str, str] = {}
        for collection in collections:
            held |= dict.fromkeys(await self._source.held(collection.name, ids), collection.name)
        self._resolved = Resolved(rows=self._resolved.rows, collections=held)

    async def _resolve_rows(self, uuids: set[str]) -> None:
        """Learns which rows of matched tables these UUIDs are."""
        known: dict[str, Target] = dict(self._resolved.rows)
        for matched in self._matched:
            row_id = matched.table.column(matched.table.row_id)
            wanted = sorted(uuids - set(known))
            if row_id and row_id.is_uuid and wanted and not (matched.place and matched.place.position):
                known |= await self._target.targets(matched.table, row_id.name, matched.key.legacy_column, wanted)
        self._resolved = Resolved(rows=known, collections=self._resolved.collections)

    # -- the draft -----------------------------------------------------------------------------------------------------

    def _drafted(self, collections: Sequence[CollectionFacts], tables: Sequence[TableFacts]) -> Draft:
        """Everything that was found, as a draft."""
        entities = self._entities(collections)
        lonely = {one.name: NO_TABLE for one in collections} | self._reasons
        for entity in entities:
            lonely.pop(entity.collection, None)
        left = self._left(tables)
        gaps = [table.label for table in left if {column.name for column in table.columns} >= GAP_COLUMNS][:1]
        lost = [(table.label, NO_COLLECTION) for table in left if table.label not in gaps]
        return Draft(
            domains=domains_of(entities, lonely),
            left_tables=tuple(sorted([*lost, *self._refused.items()])),
            gaps_table="".join(gaps),
        )

    def _entities(self, collections: Sequence[CollectionFacts]) -> list[DraftEntity]:
        """All entities; one without a field to compare is none, and neither is what hangs on it."""
        while True:
            known = named(self._matched, collections)
            own = [one for one in self._matched if not (one.place and one.place.position)]
            entities = [drafted(one, self._inside(one), known, self._resolved) for one in own]
            empty = {entity.table for entity in entities if not entity.fields}
            if not empty:
                return entities
            for matched in self._matched:
                if matched.table.label in empty:
                    self._refused[matched.table.label] = f"it seems to hold {matched.collection}, but no column of it"
            self._matched = [
                one for one in self._matched if not {one.table.label, one.place.parent if one.place else ""} & empty
            ]

    def _inside(self, matched: Matched) -> list[Matched]:
        """What is embedded in an entity's documents."""
        label = matched.table.label
        return [] if matched.place else [one for one in self._matched if one.place and one.place.parent == label]


def _matched(pair: Pair, key: KeyGuess, found: Sequence[tuple[Document, Row]]) -> Matched:
    """A pair with its key and what was found of it."""
    return Matched(
        collection=pair.collection.name, table=pair.table, key=key, pairs=tuple(found),
        documents=pair.collection.documents, doubts=pair.doubts,
    )  # fmt: skip


def _hex(document: Document) -> str:
    """A document's `_id` as hex digits, empty where it is no ObjectId."""
    value = document.get("_id")
    return value.hex if isinstance(value, ObjectIdValue) else ""


def _uuids(table: TableFacts, rows: Sequence[Row]) -> set[str]:
    """The UUIDs in the columns of these rows, their own ids apart."""
    columns = [column.name for column in table.columns if column.is_uuid and column.name != table.row_id]
    return {str(row[name]) for row in rows for name in columns if row[name] is not None}


def _object_ids_in(collection: CollectionFacts) -> set[str]:
    """Some of the ObjectIds in each field of the sampled documents, at any depth; their own ids apart."""
    found: dict[str, set[str]] = {}
    for document in collection.documents:
        for path, digits in _walk("", {name: value for name, value in document.items() if name != "_id"}):
            known = found.setdefault(path, set())
            if len(known) < MOST_IDS:
                known.add(digits)
    return set().union(*found.values()) if found else set()


def _walk(path: str, value: Raw) -> Iterable[tuple[str, str]]:
    """Every ObjectId below a value with its path, indexes wiped."""
    if isinstance(value, ObjectIdValue):
        yield path, value.hex
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _walk(f"{path}.{name}", item)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(f"{path}[]", item)
