"""Pauses of scheduled runs: which job, why, by whom and until when, and whether one holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.model import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A domain's runs of one mode that are not started for a while; it ends by itself, or is ended before."""

    domain: str
    mode: Mode
    reason: str
    actor: str
    at: datetime
    until: datetime
    ended_by: str = ""
    ended_at: datetime | None = None

    @property
    def over_at(self) -> datetime:
        """When it ends, or ended."""
        return self.until if self.ended_at is None else min(self.ended_at, self.until)

    def holds(self, at: datetime) -> bool:
        """Whether nothing is started at that time."""
        return self.at <= at < self.over_at


def held(pauses: Iterable[Pause], *, domain: str, mode: Mode, at: datetime) -> Pause | None:
    """The pause that keeps a job from being started at that time; None where nothing does."""
    return next((one for one in pauses if (one.domain, one.mode) == (domain, mode) and one.holds(at)), None)
