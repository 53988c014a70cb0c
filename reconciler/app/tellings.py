"""What stores tell of an entity without handing over a record, and what they would have to read to tell it: ports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.core.checksum.soft import SoftRecord, SoftSum
from reconciler.core.checksum.words import EVERYTHING, HashedRecord, KeyRange, RangeSum
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

    async def total(self, key_range: KeyRange, *, watched: Sequence[FieldSpec] = ()) -> RangeSum:
        """Records of a range, the sum of their hashes, and which of the watched fields any of them holds."""

    async def parts(self, key_range: KeyRange, *, watched: Sequence[FieldSpec] = ()) -> Mapping[str, RangeSum]:
        """The same of each of a range's parts, by name; both stores see a record of one anchor in the same part.

        Only of an entity that is anchored; a part without records is left out.
        """

    async def hashes(self, key_range: KeyRange, *, parts: Sequence[str] | None = None) -> Sequence[HashedRecord]:
        """The records of a range, or of some of its parts, each with its hash."""

    async def softened(self, key_range: KeyRange) -> Sequence[SoftSum]:
        """By field, in the order of `SoftField.of`: the records of a range in which its rule changes a value."""

    async def soft_hashes(self, key_range: KeyRange) -> Sequence[SoftRecord]:
        """Those records one by one."""

    async def hashes_of(self, keys: Sequence[RecordKey]) -> Sequence[HashedRecord]:
        """The records whose first key part is that of one of these keys, each with its hash."""

    async def examples(
        self, item: FieldSpec | None, *, limit: int, key_range: KeyRange = EVERYTHING
    ) -> Sequence[HashedRecord]:
        """At most `limit` records of a range, each with its hash: such as hold something in the field, or any."""


class SourceTelling(Telling, Protocol):
    """What only the source is asked: it has the keys that ranges are cut at."""

    async def boundary(self, after: str | None, size: int) -> str | None:
        """The anchor `size` records behind another (or behind the start); None where fewer follow."""
