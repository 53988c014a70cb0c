"""Reads entities from MongoDB: one snapshot a look, raw batches, documents decoded one by one."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bson.raw_bson import RawBSONDocument
from motor.motor_asyncio import AsyncIOMotorClientSession, AsyncIOMotorCollection
from pymongo.collation import Collation
from pymongo.errors import PyMongoError

from reconciler.adapters.hosts import Address, refuse_writers
from reconciler.adapters.mongo.connection import Client, describe, failure
from reconciler.adapters.mongo.documents import RAW_OPTIONS, decoded, getter, plain, walk
from reconciler.adapters.mongo.invariants import check
from reconciler.adapters.mongo.queries import Query, by_ids, by_keys, count, id_text, records
from reconciler.app.ports import EntityRead, StoreHealth
from reconciler.core.model import MISSING, InvariantResult, Opaque, Raw, RawRecord, RecordKey, Side
from reconciler.core.spec import EntitySpec, InvariantSpec, System

BYTES = Collation(locale="simple")
AT_ONCE = 500
Collection = AsyncIOMotorCollection[RawBSONDocument]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """How gently to read: records a batch, and the longest one command may take."""

    batch: int = 1000
    max_time_ms: int = 60_000


class MongoReader:
    """The source. Use within `connection.connect`."""

    side = Side.SOURCE

    def __init__(
        self, client: Client, address: Address, *, system: System, limits: ReadLimits, allow_writable: bool
    ) -> None:
        """`system` tells the invariants where referenced entities lie."""
        self._client = client
        self._address = address
        self._database = client.get_database(address.database)
        self._system = system
        self._limits = limits
        self._allow_writable = allow_writable
        self._snapshots = True

    async def health(self) -> StoreHealth:
        """Reaches the server; an account that can write is refused off this machine."""
        found = await describe(self._client, self._address.database)
        self._snapshots = bool(found["replica_set"])
        refuse_writers(self.side, found["writable"], loopback=self._address.loopback, allowed=self._allow_writable)
        problems = (
            ()
            if self._snapshots
            else ("MongoDB is no replica set: reads are not of one snapshot, differences rest on re-reading alone",)
        )
        return StoreHealth(
            side=self.side,
            version=found["version"],
            identity=found["identity"],
            role=found["role"],
            writable=found["writable"],
            clock_skew_seconds=found["skew"],
            problems=problems,
        )

    async def problems(self, entity: EntitySpec) -> Sequence[str]:
        """Whether the collection exists and is one."""
        try:
            listed = await (await self._database.list_collections(filter={"name": entity.collection})).to_list(
                length=None
            )
        except PyMongoError as problem:
            raise failure(problem, doing="listing collections") from None
        if not listed:
            return (
                f"collection {entity.collection} of entity {entity.name} does not exist in the database {self._address.database}",
            )
        kind = listed[0]["type"]
        return (
            ()
            if kind == "collection"
            else (f"collection {entity.collection} of entity {entity.name}: expected a collection, got a {kind}",)
        )

    @asynccontextmanager
    async def read(self, entity: EntitySpec) -> AsyncIterator[EntityRead]:
        """A look at the entity, from one snapshot where the server can give one."""
        try:
            async with await self._client.start_session(causal_consistency=False, snapshot=self._snapshots) as session:
                yield MongoRead(self._collection(entity), entity, session=session, limits=self._limits)
        except PyMongoError as problem:
            raise failure(problem, doing=f"reading {entity.collection}", begun=True) from None

    async def fetch(self, entity: EntitySpec, *, keys: Sequence[RecordKey], ids: Sequence[str]) -> Sequence[RawRecord]:
        """Fresh reads of the records with these keys, and of those in these documents."""
        found: dict[str, RawRecord] = {}
        questions = [by_keys(entity, keys[at : at + AT_ONCE]) for at in range(0, len(keys), AT_ONCE)]
        questions += [by_ids(entity, ids[at : at + AT_ONCE]) for at in range(0, len(ids), AT_ONCE)]
        make = maker(entity)
        try:
            for question in questions:
                for document in await self._answers(entity, question):
                    record = make(document)
                    found[record.id] = record
        except PyMongoError as problem:
            raise failure(problem, doing=f"re-reading {entity.collection}", begun=True) from None
        return tuple(found.values())

    async def check_invariant(self, entity: EntitySpec, invariant: InvariantSpec) -> InvariantResult:
        """Counts violations by one pipeline."""
        try:
            return await check(
                self._database, entity, invariant, system=self._system, max_time_ms=self._limits.max_time_ms
            )
        except PyMongoError as problem:
            raise failure(problem, doing=f"checking {invariant.name}", begun=True) from None

    async def _answers(self, entity: EntitySpec, question: Query) -> list[RawBSONDocument]:
        """All documents that answer a question about named keys."""
        cursor = self._collection(entity).aggregate(
            question.pipeline, maxTimeMS=self._limits.max_time_ms, comment="reconciler re-read", collation=BYTES
        )
        return await cursor.to_list(length=None)

    def _collection(self, entity: EntitySpec) -> Collection:
        """The collection with documents left raw."""
        return self._database.get_collection(entity.collection).with_options(codec_options=RAW_OPTIONS)


class MongoRead:
    """One look at an entity in MongoDB."""

    def __init__(
        self, collection: Collection, entity: EntitySpec, *, session: AsyncIOMotorClientSession, limits: ReadLimits
    ) -> None:
        """`session` carries the snapshot."""
        self._collection = collection
        self._entity = entity
        self._session = session
        self._limits = limits

    async def count(self) -> int:
        """How many records the server counts in this snapshot."""
        cursor = self._aggregate(count(self._entity), "reconciler count")
        answer = await cursor.to_list(length=1)
        return int(decoded(answer[0])["n"]) if answer else 0

    async def batches(self) -> AsyncIterator[Sequence[RawRecord]]:
        """All records in merge order."""
        make = maker(self._entity)
        cursor = self._aggregate(records(self._entity).pipeline, "reconciler scan", batchSize=self._limits.batch)
        try:
            while batch := await cursor.to_list(length=self._limits.batch):
                yield [make(document) for document in batch]
        finally:
            await cursor.close()

    def _aggregate(self, pipeline: list[dict[str, Any]], comment: str, **options: Any) -> Any:  # noqa: ANN401 - motor's cursor and options
        """A read-only pipeline within the snapshot, ordered by bytes whatever the collection's own collation."""
        return self._collection.aggregate(
            pipeline,
            session=self._session,
            allowDiskUse=True,
            collation=BYTES,
            comment=comment,
            maxTimeMS=self._limits.max_time_ms,
            **options,
        )


def maker(entity: EntitySpec) -> Callable[[RawBSONDocument], RawRecord]:
    """A function that makes a raw record of a document as `queries.records` shapes it."""
    if entity.embedded is None:
        getters = [getter(item.path) for item in entity.fields]
        return lambda document: _record(decoded(document), getters)
    owner = entity.embedded.owner
    inner = [None if item.path == owner else getter(item.path) for item in entity.fields]
    return lambda document: _element(decoded(document), inner)


def _record(document: Mapping[str, Any], getters: Sequence[Callable[[Mapping[str, Any]], Raw]]) -> RawRecord:
    """A document as a record."""
    return RawRecord(id=_id(document), values=tuple([get(document) for get in getters]))


def _element(document: Mapping[str, Any], getters: Sequence[Callable[[Mapping[str, Any]], Raw] | None]) -> RawRecord:
    """An embedded element as a record; its owner's id stands where a getter is None."""
    element = document.get("element")
    name = f"{_id(document)}#{document['place'] or 0}" if "place" in document else _id(document)
    owner = plain(document["_id"])
    inside = element if isinstance(element, dict) else {}
    strange = None if isinstance(element, dict) else plain(walk({"v": element}, ["v", "x"]))
    if isinstance(strange, Opaque) and strange.unreadable:
        return RawRecord(id=name, problem=strange.type_name, key_text=f"id:{name}")
    return RawRecord(
        id=name,
        values=tuple(
            [owner if get is None else MISSING if strange is MISSING else strange or get(inside) for get in getters]
        ),
    )


def _id(document: Mapping[str, Any]) -> str:
    """The record's id; a broken `_id` is named as such."""
    value = document.get("_id")
    return f"broken {value.type_name}" if isinstance(value, Opaque) else id_text(value)
