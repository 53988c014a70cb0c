"""Equal records whose raw values differ, counted from what the stores tell of fields whose rule may change a value."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from reconciler.core.checksum.unlike import first_part
from reconciler.core.model import Side
from reconciler.core.softening import changing_sides
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec

Key = tuple[str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftSum:
    """Of a range and a field: how many records hold a raw value that its rule changes, and the sum of their hashes.

    The hash is of the record's key and the raw value. It is 0 where only one side's values can be changed.
    """

    records: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftRecord:
    """A record that holds such a value: by field its hash, None where its rule changes nothing."""

    key: Key
    hashes: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftField:
    """A field whose rule may change a raw value of these sides without a mark in the record's text."""

    item: FieldSpec
    sides: frozenset[Side]

    @property
    def hashed(self) -> bool:
        """Whether both sides' values may be changed, so that numbers alone don't tell which records were."""
        return len(self.sides) == len(Side)

    @classmethod
    def of(cls, entity: EntitySpec) -> tuple[Self, ...]:
        """Those of an entity."""
        found = [(item, soft_sides(item)) for item in entity.fields]
        return tuple(cls(item=item, sides=sides) for item, sides in found if sides)


def soft_sides(item: FieldSpec) -> frozenset[Side]:
    """The sides of which the field's rule may change a value; what has to be rounded is marked, and never equal."""
    if item.children is not None:
        return frozenset().union(*map(soft_sides, item.children.fields))
    return frozenset() if item.kind in (FieldKind.DECIMAL, FieldKind.ARRAY) else changing_sides(item)


def softened(source: SoftSum, target: SoftSum) -> int | None:
    """In how many records of a range on which both stores agree raw values differ; None where sums do not tell."""
    if source == target:
        return 0
    return None if source.records and target.records else source.records + target.records


def softened_keys(entity: EntitySpec, lists: Mapping[Side, Sequence[SoftRecord]], but: Collection[str]) -> Counter[str]:
    """By path, in how many records raw values differ, of lists of all records in which a rule changes a value.

    Records without a usable key, and those whose key begins with one of `but`, are left out.
    """
    fields, kind = SoftField.of(entity), entity.field(entity.ordered_key[0]).kind
    unchanged = (None,) * len(fields)
    known = {side: {one.key: one.hashes for one in some} for side, some in lists.items()}
    found: Counter[str] = Counter()
    for key in {*known[Side.SOURCE], *known[Side.TARGET]}:
        first = first_part(kind, key)
        if first is not None and str(first) not in but:
            pair = zip(known[Side.SOURCE].get(key, unchanged), known[Side.TARGET].get(key, unchanged), strict=True)
            found.update(field.item.path for field, (left, right) in zip(fields, pair, strict=True) if left != right)
    return found
