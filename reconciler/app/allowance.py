"""How often something may be done: a bucket of turns for each name, refilled as time passes."""

from collections import OrderedDict
from dataclasses import dataclass

from reconciler.app.ports import Clock

MOST_NAMES = 4096


@dataclass(slots=True, kw_only=True)
class _Bucket:
    """Turns left, as of a monotonic time."""

    turns: float
    at: float


class Allowance:
    """Up to `burst` turns at once for each name, and `per_minute` new ones; only the names used last are remembered."""

    def __init__(self, clock: Clock, *, burst: int, per_minute: float) -> None:
        self._clock = clock
        self._burst = burst
        self._per_second = per_minute / 60
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, name: str) -> float:
        """Takes a turn and returns 0; where none is left, the seconds until there is one."""
        now = self._clock.monotonic()
        bucket = self._buckets.pop(name, None) or _Bucket(turns=self._burst, at=now)
        bucket.turns = min(self._burst, bucket.turns + (now - bucket.at) * self._per_second)
        bucket.at = now
        self._buckets[name] = bucket
        if len(self._buckets) > MOST_NAMES:
            self._buckets.popitem(last=False)
        if bucket.turns < 1:
            return (1 - bucket.turns) / self._per_second
        bucket.turns -= 1
        return 0.0
