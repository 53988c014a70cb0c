"""What the report store tells beside runs and decisions: which scheduled runs are paused, and how it is as a file."""

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """The report database as a file: where, how large with its log, of which schema, when copied and pruned last."""

    path: str
    bytes: int
    log_bytes: int
    schema: int
    backed_up_at: datetime | None
    pruned_at: datetime | None


class Housekeeping(Protocol):
    """The report database as a file."""

    async def upkeep(self) -> Upkeep:
        """Where it is, how large, when it was copied and pruned."""

    async def check(self) -> Sequence[str]:
        """What is wrong with it, a line each; nothing where it is sound. Takes its time."""
