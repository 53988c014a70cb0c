"""Sums and hashes of ranges of an entity, as MongoDB itself computes them."""

import re
from collections.abc import Callable, Mapping, Sequence
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
from reconciler.core.checksum.words import (
    ANCHOR_DIGITS,
    EVERYTHING,
    NO_RECORDS,
    PART_DIGITS,
    HashedRecord,
    KeyRange,
    RangeSum,
    hash_of,
    keys_may_repeat,
)
from reconciler.core.model import RecordKey, Side
from reconciler.core.spec import EntitySpec, FieldSpec

PROBE = "reconciler"
COEFFICIENT_BITS, EXPONENT_BITS, NO_EXPONENT, SIGN_BIT = 113, 0x3FFF, 6176, 127  # of a Decimal128
HEX = "0123456789abcdef"
NAMED = re.compile(rf"[{HEX}]{{{PART_DIGITS}}}")  # a part of documents: rows may lie in others
PART: Stage = {
    "$cond": [
        {"$eq": [{"$type": "$_id"}, "objectId"]},
        {"$substrBytes": [{"$toString": "$_id"}, ANCHOR_DIGITS - PART_DIGITS, PART_DIGITS]},
        "",
    ]
}
Ask = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Telling:
    """Pipelines that tell an entity's records; what has expired by `now_ms` is left out of sums and hashes."""

    entity: EntitySpec
    now_ms: int

    def total(self, key_range: KeyRange, watched: Sequence[FieldSpec] = ()) -> list[Stage]:
        """A pipeline that answers with one document: n records, x of them expired, s the sum of the others' hashes.

        d counts keys that occur more than once, where they can; w0, w1 … tell which watched fields hold something.
        """
        counted = self._counted(watched)
        if not keys_may_repeat(self.entity):
            return [*self._records(key_range), {"$group": {"_id": None, **counted}}]
        by_key: Stage = {"$group": {"_id": self._keys(), **counted}}
        merged: Stage = {name: {word: f"${name}"} for name, one in counted.items() for word in one}
        merged["d"] = {"$sum": {"$cond": [{"$gt": ["$n", 1]}, 1, 0]}}
        return [*self._records(key_range), by_key, {"$group": {"_id": None, **merged}}]

    def parts(self, key_range: KeyRange, watched: Sequence[FieldSpec]) -> list[Stage]:
        """As `total`, a document for each part, whose name is its `_id`."""
        return [*self._records(key_range), {"$group": {"_id": PART, **self._counted(watched)}}]

    def _counted(self, watched: Sequence[FieldSpec]) -> Stage:
        """What is counted of records."""
        hashed, expired = {"$toDecimal": self._hash()}, self._expired()
        held: Stage = {f"w{place}": {"$max": self._held(item)} for place, item in enumerate(watched)}
        if expired is None:
            return {"n": {"$sum": 1}, "s": {"$sum": hashed}, **held}
        told: Stage = {"s": {"$sum": {"$cond": [expired, 0, hashed]}}, "x": {"$sum": {"$cond": [expired, 1, 0]}}}
        return {"n": {"$sum": 1}, **told, **held}

    def _held(self, item: FieldSpec) -> Stage:
        """Whether a record holds something in a field, or in the array around it."""
        return {"$not": [{"$in": [{"$ifNull": [f"${self._place(item)}", None]}, [None, []]]}]}

    def hashes(self, key_range: KeyRange, parts: Sequence[str] | None = None) -> list[Stage]:
        """A pipeline that answers with a document for each record: k its key, h its hash, x whether it has expired."""
        named: list[Stage] = []
        if parts is not None:
            named = [{"$match": {"$expr": _in_parts(parts)}}]
        return [*_within(key_range), *named, *self._shaped(), self._shown()]

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

    def examples(self, item: FieldSpec | None, limit: int, key_range: KeyRange) -> list[Stage]:
        """As `hashes`, of some records, such as hold something in the field, or the array around it."""
        holding: list[Stage] = [] if item is None else [{"$match": {self._place(item): {"$nin": [None, []]}}}]
        return [*self._records(key_range), *holding, {"$limit": limit}, self._shown()]

    def _place(self, item: FieldSpec) -> str:
        """Where a field, or the array around it, lies in the shape's documents."""
        path = item.path.partition("[")[0]
        if not self._owner:
            return path
        return "_id" if path == self._owner_path else f"{ELEMENT}.{path}"

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
        return [*_within(key_range), *self._shaped()]

    def _shaped(self) -> list[Stage]:
        """Stages that turn documents into records."""
        return shape(self.entity) if self.entity.embedded else []


def _in_parts(parts: Sequence[str]) -> Stage:
    """Whether a document lies in one of some parts: a place in a text of marks, as a search in a list takes long."""
    marks = bytearray(b"-" * 16**PART_DIGITS)
    for part in filter(NAMED.fullmatch, parts):
        marks[int(part, 16)] = ord("+")
    digits = ({"$indexOfBytes": [HEX, {"$substrBytes": ["$$part", place, 1]}]} for place in range(PART_DIGITS))
    weighed = [{"$multiply": [digit, 16 ** (PART_DIGITS - 1 - place)]} for place, digit in enumerate(digits)]
    marked = {"$eq": [{"$substrBytes": [marks.decode(), {"$add": weighed}, 1]}, "+"]}
    choice = {"$cond": [{"$eq": ["$$part", ""]}, "" in parts, marked]}
    return {"$let": {"vars": {"part": PART}, "in": choice}}


def _within(key_range: KeyRange) -> list[Stage]:
    """A match of a range, whatever the types: nothing but ObjectIds lies between two; else `$expr` knows no types."""
    bounds = {"$gt": key_range.after, "$lte": key_range.until}
    given = {word: ObjectId(digits) for word, digits in bounds.items() if digits is not None}
    if len(given) == len(bounds):
        return [{"$match": {"_id": given}}]
    within = [{word: ["$_id", {"$literal": bound}]} for word, bound in given.items()]
    return [{"$match": {"$expr": {"$and": within}}}] if within else []


def read_parts(batches: Sequence[bytes], watched: Sequence[FieldSpec]) -> dict[str, RangeSum]:
    """What a `parts` pipeline answered with, by the name of the part; that of a `total` pipeline is empty."""
    found = [document for batch in batches for document in decoded_all(split(batch))]
    return {str(document["_id"] or ""): _sum(document, watched) for document in found}


def _sum(document: Document, watched: Sequence[FieldSpec]) -> RangeSum:
    """One document of such an answer."""
    return RangeSum(
        records=int(document["n"]),
        expired=int(document.get("x", 0)),
        total=whole_number(document["s"]),
        doubled=int(document.get("d", 0)),
        held=frozenset(item.path for place, item in enumerate(watched) if document[f"w{place}"]),
    )


def whole_number(total: Decimal128 | int) -> int:
    """A whole number that MongoDB added up: its bits where the exponent is 0, as converting them takes long."""
    if not isinstance(total, Decimal128):
        return int(total)
    bits = int.from_bytes(total.bid, "little")
    if (bits >> COEFFICIENT_BITS) & EXPONENT_BITS != NO_EXPONENT:
        return int(total.to_decimal())
    number = bits & ((1 << COEFFICIENT_BITS) - 1)
    return -number if bits >> SIGN_BIT else number


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

    async def total(self, key_range: KeyRange, *, watched: Sequence[FieldSpec] = ()) -> RangeSum:
        """Count and sum of a range; of no record there is no answer at all."""
        answer = await self._answer(self._telling.total(key_range, watched))
        return read_parts(answer, watched).get("", NO_RECORDS)

    async def parts(self, key_range: KeyRange, *, watched: Sequence[FieldSpec] = ()) -> Mapping[str, RangeSum]:
        """Count and sum of each part of a range."""
        return read_parts(await self._answer(self._telling.parts(key_range, watched)), watched)

    async def hashes(self, key_range: KeyRange, *, parts: Sequence[str] | None = None) -> Sequence[HashedRecord]:
        """Each record of a range, or of parts of it, with its hash."""
        return await self._hashes(self._telling.hashes(key_range, parts))

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

    async def examples(
        self, item: FieldSpec | None, *, limit: int, key_range: KeyRange = EVERYTHING
    ) -> Sequence[HashedRecord]:
        """Some records, such as hold something in the field, with their hashes."""
        return await self._hashes(self._telling.examples(item, limit, key_range))

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
