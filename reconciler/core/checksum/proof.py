"""Proof, in every scan by checksums, that a store's hash tells each field: on records in which it holds something."""

from collections.abc import Mapping, Sequence

from reconciler.core.canaries import canaries
from reconciler.core.checksum.plain import told, whole
from reconciler.core.checksum.words import HashedRecord, hash_of
from reconciler.core.model import Record, Side
from reconciler.core.spec import EntitySpec, FieldSpec


def vouched(
    entity: EntitySpec, item: FieldSpec, side: Side, records: Mapping[str, Record], examples: Sequence[HashedRecord]
) -> Record | None:
    """An example (`records` by id) that the store tells as Python does, this field without a mark; None for none."""
    place = entity.index(item.path)
    for one in examples:
        record = records.get(one.id)
        if record is None or record.problem or not whole(item, record.values[place], side):
            continue
        if one.hash == hash_of(told(entity, record, side)):
            return record
    return None


def planted(entity: EntitySpec, side: Side, record: Record) -> tuple[int, int]:
    """How many canaries a record gives, one spoilt field each, and how many of them are told in other words."""
    other_side = Side.TARGET if side is Side.SOURCE else Side.SOURCE
    text = told(entity, record, side)
    others = [told(entity, spoilt, other_side) for _, spoilt in canaries(record)]
    return len(others), sum(other != text for other in others)
