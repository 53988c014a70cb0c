"""Merges both sides by key, as they stream in order: scans, samples and re-reads all go through here."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from reconciler.core.model import Record, Side
from reconciler.core.records import Part
from reconciler.core.spec import EntitySpec
from reconciler.errors import KeysOutOfOrder


@dataclass(frozen=True, slots=True)
class Pair:
    """Records of both sides that belong together; one side is None where the other stands alone."""

    source: Record | None
    target: Record | None


@dataclass(frozen=True, slots=True)
class Defective:
    """A record whose key is null, malformed or carried by two records of its side; `why` says which."""

    side: Side
    record: Record
    why: str


Match = Pair | Defective
NO_RECORDS: deque[Record] = deque()


class Pairing:
    """Merges both sides: push batches of either side as they come, close a side at its end, take what is `ready`.

    Keys that come out of order are refused.
    """

    def __init__(self, entity: EntitySpec) -> None:
        """An embedded record's owner does not decide which records meet: one on another owner meets its twin."""
        parts = len(entity.ordered_key)
        self._width = parts - 1 if entity.owner_in_key and parts > 1 else parts
        self._waiting: dict[Side, deque[Record]] = {side: deque() for side in Side}
        self._last: dict[Side, tuple[Part, ...] | None] = dict.fromkeys(Side)
        self._closed = dict.fromkeys(Side, False)
        self._aside: list[Match] = []

    def push(self, side: Side, records: Sequence[Record]) -> None:
        """Takes the next records of a side; those without a usable key are set aside at once."""
        waiting, last = self._waiting[side], self._last[side]
        for record in records:
            if record.key is None:
                self._aside.append(_keyless(side, record))
                continue
            parts = record.key.parts
            if last is not None and parts < last:
                raise KeysOutOfOrder(
                    f"keys of the {side.value} came out of order",
                    expected="keys in ascending order",
                    got="a key below its predecessor",
                    next_step="check the collation of the key's column, then run again",
                )
            last = parts
            waiting.append(record)
        self._last[side] = last

    def close(self, side: Side) -> None:
        """Says that a side has no more records."""
        self._closed[side] = True

    def starving(self) -> Side | None:
        """The side that must be pushed or closed before more can be ready; None when both are closed."""
        frontiers = {side: self._last[side] for side in Side if not self._closed[side]}
        if not frontiers:
            return None
        return min(frontiers, key=lambda side: (frontiers[side] is not None, frontiers[side] or ()))

    def ready(self) -> Iterator[Match]:
        """Every match that is complete by now, in key order after those set aside."""
        aside, self._aside = self._aside, []
        yield from aside
        source, target = self._waiting[Side.SOURCE], self._waiting[Side.TARGET]
        while True:
            yield from self._twins(source, target)
            key = self._next_key()
            if key is None:
                return
            yield from self._meet(self._take(source, key), self._take(target, key))

    def _twins(self, source: deque[Record], target: deque[Record]) -> Iterator[Match]:
        """The run of pairs at the head of both sides: equal keys, each known to be alone by the record behind it."""
        width = self._width
        while len(source) > 1 and len(target) > 1:
            one, other = source[0], target[0]
            key = _parts(one)[:width]
            if key != _parts(other)[:width] or key in (_parts(source[1])[:width], _parts(target[1])[:width]):
                return
            yield Pair(source.popleft(), target.popleft())

    def _next_key(self) -> tuple[Part, ...] | None:
        """The lowest waiting key that no record still to come can have."""
        heads = [
            waiting[0].key.parts[: self._width] for waiting in self._waiting.values() if waiting and waiting[0].key
        ]
        if not heads:
            return None
        key = min(heads)
        for side in Side:
            last = self._last[side]
            if not self._closed[side] and (last is None or last[: self._width] <= key):
                return None
        return key

    def _take(self, waiting: deque[Record], key: tuple[Part, ...]) -> list[Record]:
        """The waiting records with this key."""
        taken = []
        while waiting and waiting[0].key and waiting[0].key.parts[: self._width] == key:
            taken.append(waiting.popleft())
        return taken

    def _meet(self, source: list[Record], target: list[Record]) -> Iterator[Match]:
        """Pairs the records of one key."""
        if len(source) == 1 == len(target):
            yield Pair(source[0], target[0])
            return
        source, source_doubled = _unique(source)
        target, target_doubled = _unique(target)
        yield from (Defective(Side.SOURCE, record, "carried by two records of the source") for record in source_doubled)
        yield from (Defective(Side.TARGET, record, "carried by two rows") for record in target_doubled)
        yield from _by_owner(source, target)


def _parts(record: Record) -> tuple[Part, ...]:
    """The key of a waiting record: all of them have one."""
    return record.key.parts if record.key else ()


def _keyless(side: Side, record: Record) -> Match:
    """A record outside the merge: unreadable or strange ones stand alone, the rest has a defective key."""
    if record.defect and not record.problem:
        return Defective(side, record, record.defect)
    return Pair(record, None) if side is Side.SOURCE else Pair(None, record)


def _unique(records: list[Record]) -> tuple[list[Record], list[Record]]:
    """Records whose whole key is their own, and those that share it."""
    keys = [record.key.parts if record.key else () for record in records]
    shared = {key for key in keys if keys.count(key) > 1} if len(keys) > 1 else set()
    return (
        [record for record, key in zip(records, keys, strict=True) if key not in shared],
        [record for record, key in zip(records, keys, strict=True) if key in shared],
    )


def _by_owner(source: list[Record], target: list[Record]) -> Iterator[Match]:
    """Equal keys meet first; what is left over on both sides differs in its owner only and meets then."""
    at = {record.key: record for record in target}
    left = []
    for record in source:
        twin = at.pop(record.key, None)
        if twin is None:
            left.append(record)
        else:
            yield Pair(record, twin)
    for one, other in zip_longest(left, at.values()):
        yield Pair(one, other)
