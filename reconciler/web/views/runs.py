"""Runs as they are listed: what each said, of how many, when and how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.app.ports import StoredRun
from reconciler.core.history import DomainRun
from reconciler.core.model import EntitySummary, RunStatus, Verdict
from reconciler.core.summary import differing, domain_verdict, run_verdict
from reconciler.web.reading import length
from reconciler.web.words import RUN, STATUS, Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A domain's part of a run, or a whole run: what it said, of how many."""

    id: int
    domain: str
    word: Word
    mode: str
    trigger: str
    started_at: datetime
    took: str
    compared: int
    seen: int
    differing: int
    cleared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run in the list, with its domains."""

    part: Part
    domains: tuple[str, ...]


def told(verdict: Verdict, status: RunStatus) -> Word:
    """A run is told by its verdict once it is sealed as completed, before by where it stands."""
    return RUN[verdict] if status is RunStatus.COMPLETED else STATUS[status]


def part(run: DomainRun, trigger: str) -> Part:
    """A domain's part of a run."""
    return _part(
        run.run_id,
        run.domain,
        word=told(domain_verdict(run), run.status),
        run=run,
        trigger=trigger,
        entities=run.entities,
    )


def whole(run: StoredRun) -> Part:
    """A run over all its domains."""
    entities = tuple(entity for domain in run.domains for entity in domain.entities)
    word = told(run_verdict(run.domains), run.status)
    return _part(run.id, "", word=word, run=run, trigger=run.trigger, entities=entities)


def _part(
    number_of_run: int,
    domain: str,
    *,
    word: Word,
    run: DomainRun | StoredRun,
    trigger: str,
    entities: Sequence[EntitySummary],
) -> Part:
    return Part(
        id=number_of_run,
        domain=domain,
        word=word,
        mode=run.mode.value,
        trigger=trigger,
        started_at=run.started_at,
        took=length(run.started_at, run.finished_at),
        compared=sum(entity.compared for entity in entities),
        seen=sum(entity.seen for entity in entities),
        differing=sum(differing(entity.outcomes) for entity in entities),
        cleared=sum(entity.cleared for entity in entities),
    )


def run_row(run: StoredRun) -> RunRow:
    """A run in the list."""
    return RunRow(part=whole(run), domains=tuple(domain.domain for domain in run.domains))
