"""The machine's clock."""

import asyncio
import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """Real time."""

    def now(self) -> datetime:
        """Aware UTC wall-clock time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go backwards."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Lets others work for that long."""
        await asyncio.sleep(seconds)


class ShiftedClock(SystemClock):
    """Real time, moved: what the demo gives its history with."""

    def __init__(self, by: timedelta) -> None:
        """`by` is added to the wall clock; a negative one leads into the past."""
        self._by = by

    def now(self) -> datetime:
        """Aware UTC wall-clock time, moved."""
        return super().now() + self._by
