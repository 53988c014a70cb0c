"""Reads entities from MongoDB: raw batches, of one snapshot after another."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from reconciler.adapters.hosts import Address, refuse_strangers, refuse_writers
from reconciler.adapters.mongo import plans, queries
from reconciler.adapters.mongo.catalogue import hints, problems, shape
from reconciler.adapters.mongo.checksums import MongoTelling, probe, probed
from reconciler.adapters.mongo.connection import Client, describe, failure, told
from reconciler.adapters.mongo.documents import Document
from reconciler.adapters.mongo.field_names import fields_seen
from reconciler.adapters.mongo.invariants import BYTES, check
from reconciler.adapters.mongo.records import Maker, maker
from reconciler.adapters.pieces import Cut, PiecedRead
from reconciler.app.ports import EntityRead, StoreHealth
from reconciler.app.tellings import Unindexed
from reconciler.core.checksum.words import KeyRange
from reconciler.core.drift import FieldsSeen
from reconciler.core.model import InvariantResult, RawRecord, RecordKey, Side
from reconciler.core.spec import EntitySpec, InvariantSpec, System

AT_ONCE = 500
NO_SNAPSHOTS = "MongoDB is no replica set: reads are not of one snapshot, differences rest on re-reading alone"
Ask = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """How gently to read: records a batch, the longest one command may take, seconds that a snapshot is held."""

    batch: int = 1000
    max_time_ms: int = 60_000
    snapshot_max: float = 60.0


class MongoReader:
    """The source. Use within `connection.connect`."""

    side = Side.SOURCE

    def __init__(
        self,
        client: Client,
        address: Address,
        *,
        system: System,
        limits: ReadLimits,
        allow_writable: bool,
        allowed_hosts: Sequence[str] | None = None,
    ) -> None:
        """`system` tells where referenced entities lie; without `allowed_hosts` the address's own are allowed."""
        self._client = client
        self._address = address
        self._database = client.get_database(address.database)
        self._system = system
        self._limits = limits
        self._allow_writable = allow_writable
        self._allowed_hosts = address.hosts if allowed_hosts is None else allowed_hosts
        self._snapshots: bool | None = None
        self._tells: bool | None = None

    async def health(self) -> StoreHealth:
        """Reaches the server; refuses hosts off the allow-list and, off this machine, an account that can write."""
        found = await describe(self._client, self._address.database)
        if self._address.options.get("directconnection") != "true":
            refuse_strangers("MongoDB", found.members, allowed=self._allowed_hosts)
        refuse_writers(self.side, found.writable, loopback=self._address.loopback, allowed=self._allow_writable)
        self._snapshots = bool(found.replica_set)
        return StoreHealth(
            side=self.side,
            version=found.version,
            identity=found.identity,
            role=found.role,
            writable=found.writable,
            clock_skew_seconds=found.skew,
            problems=() if self._snapshots else (NO_SNAPSHOTS,),
            reads="snapshots" if self._snapshots else "read concern majority, no snapshots",
        )

    async def problems(self, entity: EntitySpec) -> Sequence[str]:
        """Whether the collection exists and is one; a sentence each."""
        with told("listing collections"):
            return await problems(self._database, entity)

    async def hints(self, entity: EntitySpec) -> Sequence[str]:
        """What would help but is not needed: an index; a sentence each."""
        with told("listing indexes"):
            return await hints(self._database, entity)

    async def fields_seen(self, entity: EntitySpec) -> FieldsSeen:
        """Names and types in the entity's documents, counted by the server."""
        collection = self._database.get_collection(entity.collection)
        with told(f"looking at the fields of {entity.collection}", begun=True):
            return await fields_seen(collection, entity, max_time_ms=self._limits.max_time_ms)

    @asynccontextmanager
    async def read(self, entity: EntitySpec) -> AsyncIterator[EntityRead]:
        """A look at the entity, from one snapshot after another where the server can give them."""

        async def opened(seam: object | None) -> "MongoPiece":
            with told(f"reading {entity.collection}", begun=True):
                return await self._piece(entity, cast("Document | None", seam))

        look = PiecedRead(opened, longest=self._limits.snapshot_max)
        try:
            yield look
        finally:
            await look.close()

    async def _piece(self, entity: EntitySpec, seam: Document | None) -> "MongoPiece":
        """A new snapshot of the entity."""
        if self._snapshots is None:
            self._snapshots = bool((await describe(self._client, self._address.database)).replica_set)
        session = await self._client.start_session(causal_consistency=False, snapshot=self._snapshots)
        return MongoPiece(self._asking(entity, "reconciler scan", session), entity, session, seam, self._limits)

    async def fetch(self, entity: EntitySpec, *, keys: Sequence[RecordKey], ids: Sequence[str]) -> Sequence[RawRecord]:
        """Fresh reads of the records with these keys, and of those with these ids."""
        ask, make, asked = self._asking(entity, "reconciler re-read", None), maker(entity), frozenset(ids)
        found: dict[str, RawRecord] = {}
        with told(f"re-reading {entity.collection}", begun=True):
            for at in range(0, len(keys), AT_ONCE):
                records = await _all(ask(queries.by_keys(entity, keys[at : at + AT_ONCE])), make)
                found |= {record.id: record for record in records}
            for at in range(0, len(ids), AT_ONCE):
                records = await _all(ask(queries.by_ids(entity, ids[at : at + AT_ONCE])), make)
                found |= {record.id: record for record in records if record.id in asked}
        return tuple(found.values())

    async def untellable(self, entity: EntitySpec) -> Sequence[str]:  # noqa: ARG002 - the server's operators are all it takes
        """Why this server can't tell the entity's records, a phrase each; asked of the server once."""
        if self._tells is None:
            try:
                cursor = self._database.aggregate(probe(), maxTimeMS=self._limits.max_time_ms)
                self._tells = probed(await cursor.to_list(None))
            except OperationFailure:
                self._tells = False
        return () if self._tells else ("MongoDB lacks an operator ($toHashedIndexKey, $sortArray) or hashes otherwise",)

    async def about(self, entity: EntitySpec) -> int:
        """How many documents the server knows of; of what is embedded it does not."""
        if entity.embedded is not None:
            return 0
        with told(f"counting {entity.collection}"):
            return int(await self._database[entity.collection].estimated_document_count())

    async def shape(self, entity: EntitySpec) -> str:
        """The collection's own id: another one, once it is dropped and made anew."""
        with told("listing collections"):
            return await shape(self._database, entity)

    async def unindexed(self, entity: EntitySpec, key_range: KeyRange | None = None) -> Sequence[Unindexed]:
        """The collection, where a look-up by key or a range of keys makes the server read it from end to end."""
        pipelines = [plans.lookup(entity)] if key_range is None else plans.ranges(entity, key_range)
        with told(f"asking for plans on {entity.collection}"):
            return await plans.unindexed(self._database, entity, pipelines, max_time_ms=self._limits.max_time_ms)

    @asynccontextmanager
    async def tell(self, entity: EntitySpec, *, now_ms: int) -> AsyncIterator[MongoTelling]:
        """Sums and hashes of the entity's ranges."""
        yield MongoTelling(self._asking(entity, "reconciler checksum", None), entity, now_ms=now_ms)

    async def check_invariant(self, entity: EntitySpec, invariant: InvariantSpec) -> InvariantResult:
        """Counts violations by one pipeline."""
        with told(f"checking {invariant.name}", begun=True):
            return await check(
                self._database, entity, invariant, system=self._system, max_time_ms=self._limits.max_time_ms
            )

    def _asking(self, entity: EntitySpec, comment: str, session: AsyncIOMotorClientSession | None) -> Ask:
        """A function that asks a pipeline of the collection: within the snapshot, or of what a majority of the set has.

        Texts are ordered and matched by their bytes, whatever the collection's own collation.
        """
        concern = None if session is not None and self._snapshots else ReadConcern("majority")
        collection = self._database.get_collection(entity.collection, read_concern=concern)
        longest = self._limits.max_time_ms + (int(self._limits.snapshot_max * 1000) if session is not None else 0)

        def ask(pipeline: list[dict[str, Any]], **options: Any) -> Any:  # noqa: ANN401 - motor's cursor and options
            return collection.aggregate_raw_batches(
                pipeline,
                session=session,
                allowDiskUse=True,
                collation=BYTES,
                comment=comment,
                maxTimeMS=longest,
                **options,
            )

        return ask


class MongoPiece:
    """One snapshot's part of a look at an entity in MongoDB."""

    def __init__(
        self,
        ask: Ask,
        entity: EntitySpec,
        session: AsyncIOMotorClientSession,
        seam: Document | None,
        limits: ReadLimits,
    ) -> None:
        """`session` carries the snapshot; `seam` comes of `queries.seam`."""
        self._ask = ask
        self._entity = entity
        self._session = session
        self._seam = seam
        self._make = maker(entity)
        self._doing = f"reading {entity.collection}"
        self._cursor = ask(queries.in_order(entity, after=self._seam), batchSize=limits.batch)
        self._last = b""

    async def count(self) -> int:
        """How many records the server counts from the seam on."""
        return await self._count(None)

    async def batch(self) -> Sequence[RawRecord]:
        """The next batch that is not empty."""
        with told(self._doing, begun=True):
            async for batch in self._cursor:
                if batch:
                    self._last = batch
                    return self._make(batch)
        return ()

    async def cut(self) -> Cut | None:
        """The place of the last document."""
        seam = queries.seam(self._entity, queries.last(self._last))
        return Cut(seam=seam, counted=await self._count(seam))

    async def close(self) -> None:
        """Ends cursor and session; a server that is gone has ended them itself."""
        try:
            await self._cursor.close()
            await self._session.end_session()
        except PyMongoError as problem:
            raise failure(problem, doing=self._doing, begun=True) from None

    async def _count(self, until: Any) -> int:  # noqa: ANN401 - a seam
        """How many records the server counts between two seams."""
        with told(f"counting {self._entity.collection}", begun=True):
            counting = queries.count(self._entity, after=self._seam, until=until)
            return queries.read_count([raw async for raw in self._ask(counting) if raw])


async def _all(cursor: Any, make: Maker) -> list[RawRecord]:  # noqa: ANN401 - motor's cursor
    """Every record of an answer."""
    return [record async for batch in cursor if batch for record in make(batch)]
