"""Which keys a sample takes: the smallest hashes of seed and key, half of them from each side, the same for the same seed."""

import hashlib
import heapq
from math import ceil

from reconciler.core.model import RecordKey, Side


class KeySample:
    """Collects the keys of both sides and keeps those the seed draws; memory grows with the sample, not with the store."""

    def __init__(self, *, size: int, seed: int) -> None:
        """`size` is the number of keys wanted over both sides."""
        self._quota = max(1, ceil(size / 2))
        self._seed = str(seed).encode()
        self._kept: dict[Side, list[tuple[int, str, RecordKey]]] = {side: [] for side in Side}

    def offer(self, side: Side, key: RecordKey) -> None:
        """Considers one key of a side."""
        kept = self._kept[side]
        entry = (-self._rank(key), repr(key.parts), key)
        if len(kept) < self._quota:
            heapq.heappush(kept, entry)
        elif entry > kept[0]:
            heapq.heapreplace(kept, entry)

    def _rank(self, key: RecordKey) -> int:
        """The place of a key in this seed's order: a uniform 64-bit number."""
        return int.from_bytes(
            hashlib.blake2b(repr(key.parts).encode(), key=self._seed[:64], digest_size=8).digest(), "big"
        )

    def drawn(self) -> list[RecordKey]:
        """The keys drawn from either side, each once, in merge order."""
        found = {entry[2].parts: entry[2] for kept in self._kept.values() for entry in kept}
        return [found[parts] for parts in sorted(found)]


def upper_bound(*, sampled: int, confidence: float = 0.95) -> float:
    """The highest rate of differing records that `sampled` clean draws leave possible at this confidence."""
    return 1.0 if sampled == 0 else float(1 - (1 - confidence) ** (1 / sampled))
