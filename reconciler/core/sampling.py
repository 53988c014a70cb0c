"""Which keys of both sides a sample takes by its seed, and what it proves: the diff rate that it leaves possible."""

import hashlib
import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from math import ceil, comb, floor

from reconciler.core.model import EntitySummary, Outcome, RecordKey, Side
from reconciler.core.records import Part
from reconciler.core.summary import differing

CONFIDENCE = Fraction(95, 100)
RATE_DIGITS = 10_000_000
Entry = tuple[int, str, RecordKey]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The keys of a sample in merge order; `even` of them are a draw that each key of both sides was as likely in."""

    keys: tuple[RecordKey, ...]
    even: int


class KeySample:
    """Collects the keys of both sides and keeps those the seed draws; memory grows with the sample only."""

    def __init__(self, *, size: int, seed: int) -> None:
        """`size` is the number of keys wanted over both sides."""
        self._size = size
        self._seed = str(seed).encode()
        self._kept: dict[Side, list[Entry]] = {side: [] for side in Side}
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

    def drawn(self) -> Drawn:
        """Half of the keys by each side's order; places left over, as both chose the same, go to the next of either.

        `even` is sure to be half of the size: the lowest places of both sides together always lie in the halves. It is
        the whole sample where that happens to be the lowest places of both sides together.
        """
        orders = {side: sorted(kept, reverse=True) for side, kept in self._kept.items()}
        halves = (orders[Side.SOURCE][: ceil(self._size / 2)], orders[Side.TARGET][: self._size // 2])
        lowest = list(islice(_distinct(heapq.merge(*orders.values(), reverse=True)), self._size))
        found = {entry[2].parts: entry[2] for half in halves for entry in half}
        for key in lowest:
            if len(found) < self._size:
                found.setdefault(key.parts, key)
        whole = all(key.parts in found for key in lowest)
        even = len(found) if whole else self._size // 2
        return Drawn(keys=tuple(found[parts] for parts in sorted(found)), even=even)


def _distinct(entries: Iterator[Entry]) -> Iterator[RecordKey]:
    """The keys in that order, each once."""
    last: tuple[Part, ...] | None = None
    for _, _, key in entries:
        if key.parts != last:
            yield key
        last = key.parts


@lru_cache(maxsize=4096)
def most_differing(*, population: int, sampled: int, found: int, confidence: Fraction = CONFIDENCE) -> int:
    """The most differing records that a population can hold when a draw without replacement found no more than that.

    One-sided and exact: with more of them, `found` or fewer would turn up in less than 1 - `confidence` of all draws.
    ValueError where the numbers do not fit together.
    """
    if not 0 <= found <= sampled <= population:
        raise ValueError("a draw holds no more than its population, and no more differing records than it drew")
    most, low = population - sampled + found, found
    step = 1
    while low + step <= most and _plausible(low + step, population, sampled, found, confidence):
        low, step = low + step, step * 2
    high = min(low + step, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        if _plausible(middle, population, sampled, found, confidence):
            low = middle
        else:
            high = middle
    return low


def _plausible(bad: int, population: int, sampled: int, found: int, confidence: Fraction) -> bool:
    """Whether `found` or fewer of `bad` differing records turn up in more than 1 - confidence of all draws."""
    drawn, marked = sorted((bad, sampled))  # the same number either way, and the smaller draw has the smaller numbers
    least = max(0, drawn - (population - marked))
    ways = comb(marked, least) * comb(population - marked, drawn - least)
    total = ways
    for hits in range(least, min(found, drawn)):
        ways = ways * (marked - hits) * (drawn - hits) // ((hits + 1) * (population - marked - drawn + hits + 1))
        total += ways
    return total * confidence.denominator > (confidence.denominator - confidence.numerator) * comb(population, drawn)


def diff_rate_below(entity: EntitySummary) -> float | None:
    """The rate, 0 to 1, that an entity's diff rate lies below at `CONFIDENCE`; None where no sample was drawn.

    Rounded upwards. What differs outside the even part of the draw counts as if it were inside, and so does what could
    not be read; keys out of scope prove nothing. A draw of everything proves the rate itself.
    """
    draw, outside = entity.sample, entity.outcomes[Outcome.OUT_OF_SCOPE]
    if draw is None or not draw.population:
        return None
    even = draw.even - outside
    if not entity.complete or even <= 0:
        return 1.0
    bad = min(even, differing(entity.outcomes) + entity.outcomes[Outcome.UNREADABLE])
    if draw.even == draw.population:
        return _upwards(Fraction(bad, even))
    most = most_differing(population=draw.population, sampled=even, found=bad)
    return _upwards(min(Fraction(1), Fraction(most + 1, draw.population)))


def _upwards(rate: Fraction) -> float:
    """The rate to seven digits, never lower than it is."""
    return -floor(-rate * RATE_DIGITS) / RATE_DIGITS
