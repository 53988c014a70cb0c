"""The port for sums over everything that a report database holds, and held."""

from collections.abc import Mapping
from typing import Protocol

from reconciler.core.tally import Tally


class Sums(Protocol):
    """What is counted over all domains at once."""

    async def tally(self) -> Tally:
        """What all runs that completed or failed add up to, those that were pruned included."""

    async def open_records(self) -> Mapping[tuple[str, str], int]:
        """How many records differ now, by domain and state."""

    async def open_kinds(self) -> Mapping[tuple[str, str], int]:
        """How many open differences there are, by domain and kind, a record once for each cluster that it is in."""
