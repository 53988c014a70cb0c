"""Sums and hashes of ranges of an entity, as MongoDB itself computes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bson import Decimal128, ObjectId

from reconciler.adapters.mongo.connection import told
from reconciler.adapters.mongo.documents import Document, decoded_all, split
from reconciler.adapters.mongo.queries import ELEMENT, INDEX, Stage, by_keys, id_text, shape
from reconciler.adapters.mongo.soft_checksums import Softened, read_sums
from reconciler.adapters.mongo.soft_checksums import read_hashes as read_soft_hashes
from reconciler.core.checksum import mongo
from reconciler.core.checksum.soft import SoftField, SoftRecord, SoftSum
from reconciler.core.checksum.words import HashedRecord, KeyRange, RangeSum, hash_of, keys_may_repeat
from reconciler.core.model import RecordKey, Side
from reconciler.core.spec import EntitySpec, FieldSpec

PROBE = "reconciler"
Ask = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Telling:
    """Pipelines that tell an entity's records; what has expired by `now_ms` is left out of sums and hashes."""

    entity: EntitySpec
    now_ms: int

    def total(self, key_range: KeyRange) -> list[Stage]:
        """A pipeline that answers with one document: n records, x of them expired, s the sum of the others' hashes.

        d counts keys that occur more than once, where they can.
        """
        hashed, expired = {"$toDecimal": self._hash()}, self._expired()
        counted: Stage = {"n": {"$sum": 1}, "s": {"$sum": hashed}}
        if expired is not None:
            counted["s"] = {"$sum": {"$cond": [expired, 0, hashed]}}
            counted["x"] = {"$sum": {"$cond": [expired, 1, 0]}}
        if not keys_may_repeat(self.entity):
            return [*self._records(key_range), {"$group": {"_id": None, **counted}}]
        by_key: Stage = {"$group": {"_id": self._keys(), **counted}}
        merged: Stage = {name: {"$sum": f"${name}"} for name in counted}
        merged["d"] = {"$sum": {"$cond": [{"$gt": ["$n", 1]}, 1, 0]}}
        return [*self._records(key_range), by_key, {"$group": {"_id": None, **merged}}]

    def hashes(self, key_range: KeyRange) -> list[Stage]:
        """A pipeline that answers with a document for each record: k its key, h its hash, x whether it has expired."""
        return [*self._records(key_range), self._shown()]

    def softened(self, key_range: KeyRange) -> list[Stage]:
        """A pipeline that sums the records in which a rule changes a value, field by field."""
        return [*self._records(key_range), self._soft.sums()]

    def soft_hashes(self, key_range: KeyRange) -> list[Stage]:
        """A pipeline that lists them."""
        return [*self._records(key_range), *self._soft.hashes(self._keys())]

    @property
    def _soft(self) -> Softened:
        """What tells where a rule changes a value."""
        return Softened(entity=self.entity, root=self._root, owner=self._owner, expired=self._expired())

    def hashes_of(self, keys: Sequence[RecordKey]) -> list[Stage]:
        """As `hashes`, of the records with these keys."""
        return [*by_keys(self.entity, keys), self._shown()]

    def examples(self, item: FieldSpec, limit: int) -> list[Stage]:
        """As `hashes`, of some records in which the field, or the array around it, holds something."""
        path = item.path.partition("[")[0]
        place = "_id" if self._owner and path == self._owner_path else f"{ELEMENT}.{path}" if self._owner else path
        return [*self._records(KeyRange()), {"$match": {place: {"$nin": [None, []]}}}, {"$limit": limit}, self._shown()]

    def _shown(self) -> Stage:
        """A stage that shows a record's key, its hash and whether it has expired."""
        expired = self._expired()
        shown: Stage = {"_id": 1, INDEX: 1, "k": self._keys(), "h": self._hash()}
        return {"$project": shown | ({} if expired is None else {"x": expired})}

    def _keys(self) -> list[Any]:
        """A record's key, part by part."""
        return mongo.key_parts(self.entity, root=self._root, owner=self._owner)

    def boundary(self, after: str | None, size: int) -> list[Stage]:
        """A pipeline that answers with the `_id` that `size` documents behind another one has, if it is an ObjectId."""
        first = {"$gt": ObjectId(after)} if after else {"$type": "objectId"}
        return [
            {"$match": {"_id": first}},
            {"$sort": {"_id": 1}},
            {"$skip": size - 1},
            {"$limit": 1},
            {"$project": {"_id": 1}},
        ]

    @property
    def _root(self) -> str:
        """What holds a record's fields."""
        return f"${ELEMENT}" if self.entity.embedded else mongo.WHOLE

    @property
    def _owner(self) -> str:
        """Where the owner's id is."""
        return "$_id" if self.entity.embedded else ""

    @property
    def _owner_path(self) -> str:
        """The name of the field that holds the owner."""
        return self.entity.embedded.owner if self.entity.embedded else ""

    def _hash(self) -> Stage:
        """A record's hash."""
        return {"$toHashedIndexKey": mongo.told(self.entity, root=self._root, owner=self._owner)}

    def _expired(self) -> Any:  # noqa: ANN401 - an expression
        """Whether a record has expired; None where nothing does."""
        return mongo.expired(self.entity.ttl, root=self._root, now_ms=self.now_ms) if self.entity.ttl else None

    def _records(self, key_range: KeyRange) -> list[Stage]:
        """The records of a range."""
        return [*_within(key_range), *(shape(self.entity) if self.entity.embedded else [])]


def _within(key_range: KeyRange) -> list[Stage]:
    """A match of a range, whatever the types: nothing but ObjectIds lies between two; else `$expr` knows no types."""
    bounds = {"$gt": key_range.after, "$lte": key_range.until}
    given = {word: ObjectId(digits) for word, digits in bounds.items() if digits is not None}
    if len(given) == len(bounds):
        return [{"$match": {"_id": given}}]
    within = [{word: ["$_id", {"$literal": bound}]} for word, bound in given.items()]
    return [{"$match": {"$expr": {"$and": within}}}] if within else []


def read_total(batches: Sequence[bytes]) -> RangeSum:
    """What a `total` pipeline answered with; of no record there is no answer at all."""
    found = [document for batch in batches for document in decoded_all(split(batch))]
    if not found:
        return RangeSum(records=0, expired=0, total=0)
    total = found[0]["s"]
    number = int(total.to_decimal()) if isinstance(total, Decimal128) else int(total)
    one = found[0]
    return RangeSum(records=int(one["n"]), expired=int(one.get("x", 0)), total=number, doubled=int(one.get("d", 0)))


def read_hashes(batch: bytes) -> list[HashedRecord]:
    """The records of a raw batch of a `hashes` pipeline."""
    documents = split(batch)
    pairs = zip(decoded_all(documents), documents, strict=True)
    return [
        HashedRecord(
            id=_id(document, raw),
            key=_key(document),
            hash=int(document["h"]),
            expired=bool(document.get("x", False)),
        )
        for document, raw in pairs
    ]


def _id(document: Document, raw: bytes) -> str:
    """The record's id as its reader spells it."""
    return f"{id_text(document, raw)}#{document[INDEX] or 0}" if INDEX in document else id_text(document, raw)


def _key(document: Document) -> tuple[str | None, ...]:
    """The key's parts; None for one that is no text, or none that can be read."""
    parts = document["k"]
    return tuple(part if isinstance(part, str) else None for part in parts) if isinstance(parts, list) else (None,)


def probe() -> list[Stage]:
    """A pipeline that answers whether the server has the operators and hashes as ours do: one document, `h` and `s`."""
    unsorted = {"$literal": [{"n": 2, "k": "b"}, {"n": 1, "k": "c"}]}
    return [
        {"$documents": [{}]},
        {"$project": {
            "_id": 0,
            "h": {"$toHashedIndexKey": PROBE},
            "s": {"$sortArray": {"input": unsorted, "sortBy": {"n": 1, "k": 1}}},
        }},
    ]  # fmt: skip


def probed(found: Sequence[Document]) -> bool:
    """Whether the answer to `probe` is the one that the encoding rests on."""
    return len(found) == 1 and found[0].get("h") == hash_of(PROBE) and found[0].get("s", [{}])[0].get("k") == "c"


class MongoTelling:
    """What MongoDB says of ranges of an entity, one statement each."""

    def __init__(self, ask: Ask, entity: EntitySpec, *, now_ms: int) -> None:
        """`ask` asks the collection a pipeline."""
        self._ask = ask
        self._telling = Telling(entity, now_ms)
        self._doing = f"summing {entity.collection}"

    async def total(self, key_range: KeyRange) -> RangeSum:
        """Count and sum of a range."""
        return read_total(await self._answer(self._telling.total(key_range)))

    async def hashes(self, key_range: KeyRange) -> Sequence[HashedRecord]:
        """Each record of a range with its hash."""
        return await self._hashes(self._telling.hashes(key_range))

    async def softened(self, key_range: KeyRange) -> Sequence[SoftSum]:
        """By soft field, the records of a range in which its rule changes a value."""
        entity = self._telling.entity
        if not any(Side.SOURCE in field.sides for field in SoftField.of(entity)):
            return [SoftSum() for _ in SoftField.of(entity)]
        return read_sums(entity, await self._answer(self._telling.softened(key_range)))

    async def soft_hashes(self, key_range: KeyRange) -> Sequence[SoftRecord]:
        """Those records, each with its hashes."""
        return read_soft_hashes(await self._answer(self._telling.soft_hashes(key_range)))

    async def hashes_of(self, keys: Sequence[RecordKey]) -> Sequence[HashedRecord]:
        """Each record with one of these keys, with its hash."""
        return await self._hashes(self._telling.hashes_of(keys))

    async def examples(self, item: FieldSpec, *, limit: int) -> Sequence[HashedRecord]:
        """Some records in which the field holds something, with their hashes."""
        return await self._hashes(self._telling.examples(item, limit))

    async def _hashes(self, pipeline: list[Stage]) -> Sequence[HashedRecord]:
        """The records that a pipeline of hashes answers with."""
        return [record for batch in await self._answer(pipeline) for record in read_hashes(batch)]

    async def boundary(self, after: str | None, size: int) -> str | None:
        """The anchor `size` documents behind another one; None where fewer follow."""
        batches = await self._answer(self._telling.boundary(after, size))
        found = [document for batch in batches for document in decoded_all(split(batch))]
        return str(found[0]["_id"]) if found else None

    async def _answer(self, pipeline: list[Stage]) -> list[bytes]:
        """The batches of an answer that are not empty."""
        with told(self._doing, begun=True):
            return [batch async for batch in self._ask(pipeline) if batch]
