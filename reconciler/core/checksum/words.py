"""What the three ways of telling a record share: separators, marks, the hash, and which entities can be told at all.

A record is its fields' texts, joined by FIELD. Null and missing are empty, a text begins with QUOTE, so that it is not.
What a store can't tell exactly is that store's mark: the marks never meet, so that the record differs.
"""

import hashlib
import struct
from dataclasses import dataclass

from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec

FIELD, CELL, ROW = "\x1f", "\x1d", "\x1e"
QUOTE = "'"
SOURCE_MARK = "\0"  # PostgreSQL has no text that holds it
TARGET_MARK = "!"  # no text that MongoDB's expression makes begins so
ARRAY_ITEMS = (FieldKind.TEXT, FieldKind.INTEGER, FieldKind.BOOLEAN)
MOST_ROWS = 100_000
DEEPEST_JSON = 5
# A double is told as a whole number of steps of 2^-k: (letter, magnitude from, magnitude below, k). Where the magnitude
# begins at 0 smaller bits are possible: then it is marked.
STEPS_OF_DOUBLE = (
    ("", 2.0**-2, 2.0**9, 54),
    ("c", 2.0**9, 2.0**19, 43),
    ("b", 0.0, 2.0**-2, 64),
    ("d", 0.0, 2.0**62, 0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRange:
    """Records whose anchor (24 hex digits) lies behind `after` and not behind `until`; None is open.

    A range that begins at the start also holds the rows without an anchor.
    """

    after: str | None = None
    until: str | None = None


EVERYTHING = KeyRange()
ANCHOR_DIGITS = 24
PART_DIGITS = 3  # of an anchor, the last ones: they spread records over the parts of a range


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeSum:
    """What a store says of a range: its records, those that have expired, and the sum of the others' hashes.

    `doubled` is above 0 where keys occur more than once, which equal sums alone would not tell. `held` are paths of
    watched fields in which some record holds something.
    """

    records: int
    expired: int
    total: int
    doubled: int = 0
    held: frozenset[str] = frozenset()

    def __add__(self, other: "RangeSum") -> "RangeSum":
        """Two ranges that do not overlap as one."""
        return RangeSum(
            records=self.records + other.records,
            expired=self.expired + other.expired,
            total=self.total + other.total,
            doubled=self.doubled + other.doubled,
            held=self.held | other.held,
        )

    def agrees(self, other: "RangeSum") -> bool:
        """Whether both hold equal records under keys of their own, but for those that have expired on their side."""
        alone = not self.doubled and not other.doubled
        return alone and (self.records - self.expired, self.total) == (other.records - other.expired, other.total)


NO_RECORDS = RangeSum(records=0, expired=0, total=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedRecord:
    """One record's hash. `key` holds the key's parts in merge order as text, None where the store can't tell one."""

    id: str
    key: tuple[str | None, ...]
    hash: int
    expired: bool = False


def hash_of(text: str) -> int:
    """The 64-bit hash that MongoDB's `$toHashedIndexKey` gives for a text."""
    body = text.encode()
    seeded = struct.pack("<iii", 0, 15, len(body) + 1) + body + b"\0"
    return int.from_bytes(hashlib.md5(seeded, usedforsecurity=False).digest()[:8], "little", signed=True)


def hash_of_bytes(body: bytes) -> int:
    """The same for a Binary of subtype 0."""
    seeded = struct.pack("<iii", 0, 30, len(body)) + b"\0" + body
    return int.from_bytes(hashlib.md5(seeded, usedforsecurity=False).digest()[:8], "little", signed=True)


def anchored(entity: EntitySpec) -> bool:
    """Whether both stores can cut the entity into ranges that keep every group of one key together."""
    if entity.embedded is None:
        return not entity.natural_key
    return entity.ordered_key == (entity.embedded.owner,)


def keys_may_repeat(entity: EntitySpec) -> bool:
    """Whether equal sums could hide two records of one key: where MongoDB has no `_id` to keep them apart."""
    return not anchored(entity)


def obstacles(entity: EntitySpec) -> tuple[str, ...]:
    """Why an entity's records can't be told by the stores, a phrase each; empty where they can."""
    inner = [one for item in entity.fields if item.children for one in item.children.fields]
    found = [f"{item.path}: {why}" for item in (*entity.fields, *inner) if (why := _obstacle(item))]
    if entity.append_only:
        found.append("every key of an append-only entity has to be remembered")
    if entity.scope:
        found.append("what is out of scope is told record by record")
    return tuple(found)


def _obstacle(item: FieldSpec) -> str:
    """Why a field can't be told, empty where it can."""
    if item.kind is FieldKind.ARRAY and item.items not in ARRAY_ITEMS:
        return f"an array of {item.items} has no encoding"
    return ""
