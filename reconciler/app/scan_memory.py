"""What is remembered of a scan that is under way or was interrupted: the ranges that it has behind it, as a port."""

from collections.abc import Sequence
from typing import Protocol

from reconciler.core.scanned import Scanned, ScannedRange, ScanProgress


class ScanMemory(Protocol):
    """Keeps the finished ranges of scans until their domain is finished."""

    async def note_scanned(
        self, run_id: int, *, domain: str, entity: str, done: ScannedRange | None, instead: bool
    ) -> None:
        """Notes a range that a scan has behind it; `instead` of all that were noted, for None there is none any more.

        ReportStoreError for a range that does not begin where the one before it ended.
        """

    async def scanned(self, run_id: int, *, domain: str, entity: str) -> Scanned:
        """The ranges of an entity that the run has behind it, until its domain is finished."""

    async def scan_progress(self, run_id: int) -> Sequence[ScanProgress]:
        """How far the scans of domains that are not finished are, of those that note their ranges."""
