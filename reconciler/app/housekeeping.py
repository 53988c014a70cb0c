"""What the report store keeps beside runs and decisions, as a protocol: which scheduled runs are paused."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from reconciler.core.audit import Act
from reconciler.core.model import Mode
from reconciler.core.pauses import Pause


class Pauses(Protocol):
    """Keeps which scheduled runs are paused; a job is a domain with a mode."""

    async def pause_jobs(
        self, act: Act, *, jobs: Sequence[tuple[str, Mode]], reason: str, until: datetime | None
    ) -> None:
        """Stores with its act that jobs are paused until then, or go on where there is no end."""

    async def pauses(self, *, since: datetime) -> Sequence[Pause]:
        """Every pause that held at that time or later, by domain and mode, oldest first."""
