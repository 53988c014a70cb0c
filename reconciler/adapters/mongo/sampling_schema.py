"""What MongoDB's collections look like: documents from both ends of `_id` and indexes, for guessing a configuration."""

from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId

from reconciler.adapters.hosts import Address, refuse_strangers, refuse_writers
from reconciler.adapters.mongo.connection import Client, describe, told
from reconciler.adapters.mongo.documents import decoded_all, plain, split
from reconciler.core.drafting.facts import CollectionFacts, Document
from reconciler.core.model import Side

AT_ONCE = 2_000
BATCH = 50
MOST_BYTES = 16 * 1024 * 1024
CONDITIONS = ("partialFilterExpression", "collation")


class MongoSchema:
    """The source's collections."""

    def __init__(
        self, client: Client, address: Address, *, max_time_ms: int, allow_writable: bool, allowed_hosts: Sequence[str]
    ) -> None:
        """`max_time_ms` bounds each question; nothing is sent yet."""
        self._client = client
        self._address = address
        self._database = client.get_database(address.database)
        self._max_time_ms = max_time_ms
        self._allow_writable = allow_writable
        self._allowed_hosts = allowed_hosts

    async def collections(self, sample: int) -> Sequence[CollectionFacts]:
        """Every plain collection with its sampled documents; off this machine an account that can write is refused."""
        found = await describe(self._client, self._address.database)
        if self._address.options.get("directconnection") != "true":
            refuse_strangers("MongoDB", found.members, allowed=self._allowed_hosts)
        refuse_writers(Side.SOURCE, found.writable, loopback=self._address.loopback, allowed=self._allow_writable)
        with told("listing collections"):
            cursor = await self._database.list_collections(filter={"type": "collection"})
            names = sorted(one["name"] for one in await cursor.to_list(length=None))
        return [await self._collection(name, sample) for name in names if not name.startswith("system.")]

    async def held(self, collection: str, ids: Sequence[str]) -> frozenset[str]:
        """Which of these ids the collection holds."""
        found: set[str] = set()
        with told(f"looking for ids in {collection}", begun=True):
            for at in range(0, len(ids), AT_ONCE):
                wanted = {"_id": {"$in": [ObjectId(one) for one in ids[at : at + AT_ONCE]]}}
                cursor = self._database[collection].find(wanted, {"_id": 1}, max_time_ms=self._max_time_ms)
                found |= {str(document["_id"]) for document in await cursor.to_list(length=None)}
        return frozenset(found)

    async def _collection(self, name: str, sample: int) -> CollectionFacts:
        """One collection."""
        with told(f"looking at {name}", begun=True):
            first = await self._end(name, 1, sample - sample // 2)
            last = await self._end(name, -1, sample // 2) if sample > 1 else []
            indexes = await self._database[name].index_information()
        both = {repr(document.get("_id")): document for document in (*first, *last)}
        return CollectionFacts(
            name=name,
            documents=tuple(both.values()),
            ttl=tuple(_ttl(indexes, at_once=True)),
            later_ttl=tuple(_ttl(indexes, at_once=False)),
            unique=tuple(_unique(indexes)),
        )

    async def _end(self, name: str, direction: int, limit: int) -> list[Document]:
        """Documents from one end of `_id`, fewer where they are large."""
        cursor = self._database[name].find_raw_batches(
            {}, sort=[("_id", direction)], limit=limit, batch_size=BATCH, max_time_ms=self._max_time_ms
        )
        found: list[Document] = []
        size = 0
        async for batch in cursor:
            found += [{key: plain(value) for key, value in one.items()} for one in decoded_all(split(batch))]
            size += len(batch)
            if size > MOST_BYTES:
                break
        await cursor.close()
        return found


def _ttl(indexes: Mapping[str, Any], *, at_once: bool) -> list[str]:
    """The paths whose TTL index drops documents at that time, or some time after it."""
    return [
        index["key"][0][0]
        for index in indexes.values()
        if "expireAfterSeconds" in index and (index["expireAfterSeconds"] == 0) == at_once
    ]


def _unique(indexes: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The paths of each unique index that holds without a condition."""
    return [
        tuple(path for path, _ in index["key"])
        for index in indexes.values()
        if index.get("unique") and not any(index.get(name) for name in CONDITIONS)
    ]
