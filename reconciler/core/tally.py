"""What all ended runs of a report database add up to, by domain and by mode, and how such sums are kept and merged."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from reconciler.core.history import DomainRun
from reconciler.core.model import Mode, Outcome, RunStatus, Verdict
from reconciler.core.summary import DIFFERING, domain_verdict

T = TypeVar("T")
BOUNDS: Final = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 28800)
FOUND: Final = (*DIFFERING, Outcome.UNREADABLE)


@dataclass(slots=True)
class Lengths:
    """How long runs took: `counts` has a number for each of `BOUNDS` (seconds) and one for what was longer."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """One more run."""
        place = next((number for number, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        self.counts[place] += 1
        self.total += seconds

    def merge(self, counts: Sequence[int], total: float) -> None:
        """What another tally has; counts under other bounds raise ValueError."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, counts, strict=True)]
        self.total += total


@dataclass(slots=True)
class Tally:
    """Sums over runs that completed or failed: by domain, by domain and outcome or verdict, and by mode.

    `ended` has the newest end by domain and verdict, `scanned` that of a scan which compared whole domains.
    """

    compared: Counter[str] = field(default_factory=Counter)
    cleared: Counter[str] = field(default_factory=Counter)
    found: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    results: Counter[tuple[str, Verdict]] = field(default_factory=Counter)
    ended: dict[tuple[str, Verdict], datetime] = field(default_factory=dict)
    scanned: dict[str, datetime] = field(default_factory=dict)
    lengths: dict[Mode, Lengths] = field(default_factory=dict)

    def add(self, part: DomainRun) -> None:
        """One domain's part of a run that has ended for good."""
        verdict, domain = domain_verdict(part), part.domain
        self.results[domain, verdict] += 1
        for entity in part.entities:
            self.compared[domain] += entity.compared
            self.cleared[domain] += entity.cleared
            for outcome in FOUND:
                self.found[domain, outcome] += entity.outcomes[outcome]
        if part.finished_at is not None:
            _latest(self.ended, (domain, verdict), part.finished_at)
            if _saw_all(part):
                _latest(self.scanned, domain, part.finished_at)

    def took(self, mode: Mode, seconds: float) -> None:
        """How long a run took as a whole."""
        self.lengths.setdefault(mode, Lengths()).add(seconds)

    def dump(self) -> dict[str, object]:
        """The tally in JSON's types."""
        return {
            "compared": dict(self.compared),
            "cleared": dict(self.cleared),
            "found": [[domain, outcome.value, count] for (domain, outcome), count in self.found.items()],
            "results": [[domain, verdict.value, count] for (domain, verdict), count in self.results.items()],
            "ended": [[domain, verdict.value, _told(at)] for (domain, verdict), at in self.ended.items()],
            "scanned": {domain: _told(at) for domain, at in self.scanned.items()},
            "lengths": {mode.value: [one.counts, one.total] for mode, one in self.lengths.items()},
        }

    def merge(self, dumped: Mapping[str, Any]) -> None:
        """Adds what `dump` told of another tally. Raises KeyError or ValueError for anything else."""
        self.compared.update(dumped["compared"])
        self.cleared.update(dumped["cleared"])
        self.found.update({(domain, Outcome(word)): count for domain, word, count in dumped["found"]})
        self.results.update({(domain, Verdict(word)): count for domain, word, count in dumped["results"]})
        for domain, word, at in dumped["ended"]:
            _latest(self.ended, (domain, Verdict(word)), datetime.fromisoformat(at))
        for domain, at in dumped["scanned"].items():
            _latest(self.scanned, domain, datetime.fromisoformat(at))
        for mode, (counts, total) in dumped["lengths"].items():
            self.lengths.setdefault(Mode(mode), Lengths()).merge(counts, total)

    @property
    def domains(self) -> frozenset[str]:
        """The domains that some run has looked at."""
        return frozenset(domain for domain, _ in self._judged())

    def _judged(self) -> Iterator[tuple[str, Verdict]]:
        """The pairs of domain and verdict that have occurred."""
        return (pair for pair, count in self.results.items() if count)


def _saw_all(part: DomainRun) -> bool:
    """Whether it is a scan that looked at every record of the domain."""
    ended = part.mode is Mode.SCAN and part.status is RunStatus.COMPLETED and not part.error
    return ended and bool(part.entities) and all(entity.complete for entity in part.entities)


def _latest(known: dict[T, datetime], key: T, at: datetime) -> None:
    """Keeps the later of two times."""
    known[key] = max(known.get(key, at), at)


def _told(at: datetime) -> str:
    """A time as JSON has it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
