"""What stores tell of an entity without handing over a record, and what they would have to read to tell it: ports."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.core.checksum.soft import SoftRecord, SoftSum
from reconciler.core.checksum.words import HashedRecord, KeyRange, RangeSum
from reconciler.core.model import RecordKey
from reconciler.core.spec import FieldSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Unindexed:
    """A collection or table of about so many records that no index serves for the key; `create` makes the index."""

    name: str
    records: int
    create: str


class Telling(Protocol):
    """What a store says of ranges of one entity without handing over a record; each answer is of one statement."""

    async def total(self, key_range: KeyRange) -> RangeSum:
        """Records of a range, and the sum of their hashes."""

    async def hashes(self, key_range: KeyRange) -> Sequence[HashedRecord]:
        """The records of a range, each with its hash."""

    async def softened(self, key_range: KeyRange) -> Sequence[SoftSum]:
        """By field, in the order of `SoftField.of`: the records of a range in which its rule changes a value."""

    async def soft_hashes(self, key_range: KeyRange) -> Sequence[SoftRecord]:
        """Those records one by one."""

    async def hashes_of(self, keys: Sequence[RecordKey]) -> Sequence[HashedRecord]:
        """The records whose first key part is that of one of these keys, each with its hash."""

    async def examples(self, item: FieldSpec, *, limit: int) -> Sequence[HashedRecord]:
        """At most `limit` records in which the field holds something, each with its hash."""


class SourceTelling(Telling, Protocol):
    """What only the source is asked: it has the keys that ranges are cut at."""

    async def boundary(self, after: str | None, size: int) -> str | None:
        """The anchor `size` records behind another (or behind the start); None where fewer follow."""
