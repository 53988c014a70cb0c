"""Two lists of hashes to the keys and ids that have to be looked at, and how many records are equal."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.checksum.words import HashedRecord
from reconciler.core.model import RecordKey, Side
from reconciler.core.records import LEGACY_ID, WHOLE, Part
from reconciler.core.spec import EntitySpec, FieldKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlike:
    """`equal` counts pairs of equal records. `keys` and `ids` together find every other record of both lists.

    `listed` are the ids of those others, by side; `expired` counts, by side, records that have expired and are of no
    key that one still in force has: nobody has to look at them.
    """

    equal: int
    expired: Mapping[Side, int]
    keys: tuple[RecordKey, ...]
    ids: Mapping[Side, tuple[str, ...]]
    listed: Mapping[Side, frozenset[str]]


def unlike(entity: EntitySpec, lists: Mapping[Side, Sequence[HashedRecord]]) -> Unlike:
    """Records that share the first part of their key are equal or looked at together: so are they found again."""
    groups, alone = _grouped(entity, lists)
    equal, keys, expired = 0, [], dict.fromkeys(Side, 0)
    listed = {side: {record.id for record in records} for side, records in alone.items()}
    for first, group in groups.items():
        if all(record.expired for records in group.values() for record in records):
            expired = {side: expired[side] + len(group[side]) for side in Side}
            continue
        if _alike(group):
            equal += len(group[Side.SOURCE])
            continue
        keys.append(RecordKey(parts=(first,), text=str(first)))
        for side, records in group.items():
            listed[side] |= {record.id for record in records}
    return Unlike(
        equal=equal,
        expired=expired,
        keys=tuple(keys),
        ids={side: tuple(record.id for record in records) for side, records in alone.items()},
        listed={side: frozenset(ids) for side, ids in listed.items()},
    )


Group = dict[Side, list[HashedRecord]]


def _grouped(entity: EntitySpec, lists: Mapping[Side, Sequence[HashedRecord]]) -> tuple[dict[Part, Group], Group]:
    """Records by the first part of their key, and those that can't be asked for by it."""
    groups: dict[Part, Group] = defaultdict(_empty)
    alone = _empty()
    kind = entity.field(entity.ordered_key[0]).kind
    for side, records in lists.items():
        for record in records:
            first = first_part(kind, record.key)
            (alone if first is None else groups[first])[side].append(record)
    return groups, alone


def _empty() -> Group:
    """No records on either side."""
    return {side: [] for side in Side}


def first_part(kind: FieldKind, key: Sequence[str | None]) -> Part | None:
    """The first part of a record's key as readers take it; None where they don't."""
    text = key[0]
    if text is None:
        return None
    if kind is FieldKind.INTEGER:
        return int(text) if WHOLE.fullmatch(text) else None
    return text if kind is FieldKind.TEXT or LEGACY_ID.fullmatch(text) else None


def _alike(group: Group) -> bool:
    """Whether both sides hold the same records, none of them expired, each under a whole key of its own."""
    if any(record.expired for records in group.values() for record in records):
        return False
    seen = {side: {record.key: record.hash for record in records} for side, records in group.items()}
    alone = all(len(seen[side]) == len(records) for side, records in group.items())
    whole = all(None not in key for key in seen[Side.SOURCE])
    return alone and whole and seen[Side.SOURCE] == seen[Side.TARGET]
