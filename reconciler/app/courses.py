"""How far a run under way is: what it looks at, how much of it is read, how fast, and what is left."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Phase(StrEnum):
    """What a run does at the moment, in the order in which it does it."""

    STARTING = "starting"
    READING = "reading"
    SETTLING = "settling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A run as of now. `done` and `total` count records of both sides of one entity; `total` is 0 where nobody knows.

    `looked_at` of `entities` have been looked at; `candidates` are the differences that are read again.
    """

    phase: Phase
    domain: str
    entity: str
    looked_at: int
    entities: int
    done: int
    total: int
    for_seconds: float
    candidates: int

    @property
    def share(self) -> float:
        """How much of all looking is done, from 0 to 1; settling is not part of it."""
        here = min(1.0, self.done / self.total) if self.total else 0.0
        return min(1.0, (self.looked_at + here) / self.entities) if self.entities else 0.0

    @property
    def rate(self) -> float:
        """Records of this entity a second."""
        return self.done / self.for_seconds if self.for_seconds > 0 else 0.0

    @property
    def left(self) -> timedelta | None:
        """How long this entity takes at that rate; None where that can't be known."""
        if not self.total or not self.rate or self.phase is not Phase.READING:
            return None
        return timedelta(seconds=max(0, self.total - self.done) / self.rate)


class Watch:
    """Hears how far a run is, as `app.looks.Progress`, and tells it to whoever asks."""

    def __init__(self, *, entities: int, monotonic: Callable[[], float]) -> None:
        """`entities` is how many there are to look at, `monotonic` tells seconds."""
        self._entities = entities
        self._monotonic = monotonic
        self._begun = 0
        self._phase = Phase.STARTING
        self._place = ("", "")
        self._counts = (0, 0)
        self._candidates = 0
        self._since = monotonic()

    @property
    def course(self) -> Course:
        """The run as of now."""
        domain, entity = self._place
        done, total = self._counts
        reading = self._phase is Phase.READING
        return Course(
            phase=self._phase,
            domain=domain,
            entity=entity,
            looked_at=max(0, self._begun - 1) if reading else self._begun,
            entities=self._entities,
            done=done,
            total=total,
            for_seconds=self._monotonic() - self._since,
            candidates=self._candidates,
        )

    def started(self, run_id: int) -> None:
        """Whoever asks knows the run by its id already."""

    def entity(self, domain: str, entity: str) -> None:
        """A look at an entity begins."""
        self._phase, self._place, self._counts = Phase.READING, (domain, entity), (0, 0)
        self._begun += 1
        self._since = self._monotonic()

    def read(self, done: int, total: int) -> None:
        """So many records of both sides are read."""
        self._counts = (done, total)

    def settling(self, candidates: int) -> None:
        """Differences are read again until they settle."""
        self._phase, self._candidates = Phase.SETTLING, candidates
        self._since = self._monotonic()
