"""Which keys a sample takes: the smallest hashes of seed and key, half from each side, the same for a seed."""

import hashlib
import heapq
from math import ceil

from reconciler.core.model import RecordKey, Side
from reconciler.core.records import Part


class KeySample:
    """Collects the keys of both sides and keeps those the seed draws; memory grows with the sample only."""

    def __init__(self, *, size: int, seed: int) -> None:
        """`size` is the number of keys wanted over both sides."""
        self._size = size
        self._seed = str(seed).encode()
        self._kept: dict[Side, list[tuple[int, str, RecordKey]]] = {side: [] for side in Side}
        self._drawn: dict[Side, set[tuple[Part, ...]]] = {side: set() for side in Side}

    def offer(self, side: Side, key: RecordKey) -> None:
        """Considers one key of a side."""
        kept, drawn = self._kept[side], self._drawn[side]
        if key.parts in drawn:
            return
        entry = (-self._rank(key), repr(key.parts), key)
        if len(kept) < self._size:
            heapq.heappush(kept, entry)
            drawn.add(key.parts)
        elif entry > kept[0]:
            drawn.discard(heapq.heapreplace(kept, entry)[2].parts)
            drawn.add(key.parts)

    def _rank(self, key: RecordKey) -> int:
        """The place of a key in this seed's order: a uniform 64-bit number."""
        return int.from_bytes(
            hashlib.blake2b(repr(key.parts).encode(), key=self._seed[:64], digest_size=8).digest(), "big"
        )

    def drawn(self) -> list[RecordKey]:
        """Half of the keys by the source's order, then by the target's until the size is reached; in merge order."""
        found: dict[tuple[Part, ...], RecordKey] = {}
        orders = {side: [entry[2] for entry in sorted(kept, reverse=True)] for side, kept in self._kept.items()}
        for keys, until in (
            (orders[Side.SOURCE], ceil(self._size / 2)),
            (orders[Side.TARGET], self._size),
            (orders[Side.SOURCE], self._size),
        ):
            for key in keys:
                if len(found) < until:
                    found.setdefault(key.parts, key)
        return [found[parts] for parts in sorted(found)]


def upper_bound(*, sampled: int, confidence: float = 0.95) -> float:
    """The highest rate of differing records that `sampled` clean draws leave possible at this confidence."""
    return 1.0 if sampled == 0 else float(1 - (1 - confidence) ** (1 / sampled))
