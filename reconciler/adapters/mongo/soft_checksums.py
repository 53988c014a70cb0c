"""Stages that count, and list, the records in which a rule changes a value, and what MongoDB answers to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bson import Decimal128

from reconciler.adapters.mongo.documents import Document, decoded_all, split
from reconciler.adapters.mongo.queries import Stage
from reconciler.core.checksum import mongo_soft
from reconciler.core.checksum.soft import SoftField, SoftRecord, SoftSum
from reconciler.core.model import Side
from reconciler.core.spec import EntitySpec

Expression = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Softened:
    """Where a record's fields are (`root`), its owner's id (`owner`), and whether it has expired (None: never)."""

    entity: EntitySpec
    root: str
    owner: str
    expired: Expression

    def sums(self) -> Stage:
        """A stage that gives one document: by a field's place, c records and h the sum of their hashes."""
        sums: Stage = {}
        for place, field in enumerate(SoftField.of(self.entity)):
            if Side.SOURCE in field.sides:
                changed = self._changed(field)
                sums[f"c{place}"] = {"$sum": {"$cond": [changed, 1, 0]}}
                sums[f"h{place}"] = {"$sum": {"$cond": [changed, {"$toDecimal": self._hash(field)}, 0]}}
        return {"$group": {"_id": None, **sums}}

    def hashes(self, keys: Sequence[Expression]) -> list[Stage]:
        """Stages that give a document for each such record: k its key, h its hashes, null where nothing changes."""
        found = [
            {"$cond": [self._changed(field), self._hash(field), None]} if Side.SOURCE in field.sides else None
            for field in SoftField.of(self.entity)
        ]
        return [{"$project": {"k": list(keys), "h": found}}, {"$match": {"h": {"$elemMatch": {"$ne": None}}}}]

    def _changed(self, field: SoftField) -> Expression:
        """Whether the rule of a field changes a value that counts."""
        changed = mongo_soft.changed(self.entity, field.item, root=self.root, owner=self.owner)
        return changed if self.expired is None else {"$cond": [self.expired, False, changed]}

    def _hash(self, field: SoftField) -> Expression:
        """The hash of key and raw value, 0 where nobody asks for it."""
        if not field.hashed:
            return {"$literal": 0}
        return mongo_soft.hashed(self.entity, field.item, root=self.root, owner=self.owner)


def read_sums(entity: EntitySpec, batches: Sequence[bytes]) -> list[SoftSum]:
    """What `sums` answered with, by field; of no record there is no answer at all."""
    found = [document for batch in batches for document in decoded_all(split(batch))]
    one: Document = found[0] if found else {}
    places = range(len(SoftField.of(entity)))
    return [SoftSum(records=int(one.get(f"c{at}", 0)), total=_whole(one.get(f"h{at}", 0))) for at in places]


def read_hashes(batches: Sequence[bytes]) -> list[SoftRecord]:
    """What `hashes` answered with."""
    documents = [document for batch in batches for document in decoded_all(split(batch))]
    return [SoftRecord(key=tuple(one["k"]), hashes=tuple(one["h"])) for one in documents]


def _whole(number: Any) -> int:  # noqa: ANN401 - what the server sums to
    """A sum as a number."""
    return int(number.to_decimal()) if isinstance(number, Decimal128) else int(number)
