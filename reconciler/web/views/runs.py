"""Runs: the list, and one run with its result line, its numbers and what it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.app.ports import ClusterCount, StoredDiff, StoredRun
from reconciler.core.history import DomainRun
from reconciler.core.model import EntitySummary, Mode, Outcome, RunStatus, Verdict
from reconciler.core.sampled import sample_words
from reconciler.core.summary import DIFFERING, differing, domain_verdict, entity_verdict, run_verdict
from reconciler.core.wording import counted, number
from reconciler.web.reading import length, share
from reconciler.web.words import MODE, OUTCOME, RUN, STATUS, Family, Word


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A big number with the whole it is a part of."""

    label: str
    value: str
    of: str
    family: Family | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityResult:
    """One entity of a run: its counts, its verdict in words, and the outcomes that make up the differing."""

    counts: EntitySummary
    word: Word
    differing: int
    outcomes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainResult:
    """One domain of a run."""

    part: Part
    entities: tuple[EntityResult, ...]
    notes: tuple[str, ...]
    error: str
    gaps: int | None
    canaries: str
    softened: tuple[str, ...]
    sampled: tuple[str, ...]
    ruled: tuple[str, ...]
    clusters: tuple[ClusterCount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """The page of one run; `sentence` says what the verdict rests on."""

    run: StoredRun
    whole: Part
    sentence: str
    figures: tuple[Figure, ...]
    domains: tuple[DomainResult, ...]
    sample: tuple[StoredDiff, ...]
    command: str
    identities: tuple[tuple[str, str], ...]


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


def run_page(run: StoredRun, clusters: Sequence[ClusterCount], sample: Sequence[StoredDiff]) -> RunPage:
    """The page of a run; `sample` holds some of its diffs."""
    all_of_it = whole(run)
    identities = {key: value for domain in run.domains for key, value in domain.identities.items()}
    return RunPage(
        run=run,
        whole=all_of_it,
        sentence=_sentence(run, all_of_it),
        figures=_figures(run, all_of_it),
        domains=tuple(_domain(domain, run, clusters) for domain in run.domains),
        sample=tuple(sample),
        command=_command(run),
        identities=tuple(sorted(identities.items())),
    )


def _sentence(run: StoredRun, all_of_it: Part) -> str:
    """The denominator that belongs to the verdict."""
    if run.status is RunStatus.RUNNING:
        return f"Under way: {number(all_of_it.compared)} compared so far. It says nothing before it is sealed."
    if not all_of_it.compared:
        return "Nothing was compared, so nothing is known."
    differ = f"{number(all_of_it.differing)} of {counted(all_of_it.seen, 'record')} differ"
    return f"{differ}; {number(all_of_it.compared)} compared in pairs; {MODE[run.mode]}."


def _figures(run: StoredRun, all_of_it: Part) -> tuple[Figure, ...]:
    """The big numbers, each with what it is a part of."""
    entities = [entity for domain in run.domains for entity in domain.entities]
    seen = all_of_it.seen
    counts = {outcome: sum(entity.outcomes[outcome] for entity in entities) for outcome in Outcome}
    unconfirmed = sum(entity.unconfirmed for entity in entities)
    clean = all_of_it.word is RUN[Verdict.CLEAN]
    of_seen = f"of {counted(seen, 'record')} seen"
    figures = [Figure(label="compared", value=number(all_of_it.compared), of=of_seen, family=None)]
    for outcome in Outcome:
        ok = Family.OK if clean else None
        bad = Family.DIFFS if counts[outcome] and outcome in DIFFERING else None
        family = ok if outcome is Outcome.MATCHED else bad
        part_of = share(counts[outcome], seen) if seen else "of nothing"
        figures.append(Figure(label=OUTCOME[outcome], value=number(counts[outcome]), of=part_of, family=family))
    doubt = Family.INCONCLUSIVE if unconfirmed else None
    figures.append(Figure(label="unconfirmed", value=number(unconfirmed), of="of those that differ", family=doubt))
    figures.append(Figure(label="cleared", value=number(all_of_it.cleared), of="equal when read again", family=None))
    return tuple(figures)


def _domain(domain: DomainRun, run: StoredRun, clusters: Sequence[ClusterCount]) -> DomainResult:
    planted = domain.canaries_planted
    of_entities = (note for entity in domain.entities for note in entity.notes)
    return DomainResult(
        part=part(domain, run.trigger),
        entities=tuple(_entity(entity, domain) for entity in domain.entities),
        notes=tuple(dict.fromkeys((*domain.notes, *of_entities))),
        error=domain.error,
        gaps=domain.gaps,
        canaries=f"{number(domain.canaries_caught)} of {number(planted)} caught" if planted else "none planted",
        softened=tuple(f"{entity.entity}: {_softened(entity)}" for entity in domain.entities if entity.softened),
        sampled=tuple(told for entity in domain.entities if (told := sample_words(entity))),
        ruled=tuple(f"{entity.entity}: {_ruled(entity)}" for entity in domain.entities if _ruled(entity)),
        clusters=tuple(one for one in clusters if one.domain == domain.domain),
    )


def _softened(entity: EntitySummary) -> str:
    """How often the rules made different raw values equal, by field."""
    return ", ".join(f"{path} {number(count)}" for path, count in sorted(entity.softened.items()))


def _ruled(entity: EntitySummary) -> str:
    """How many differences declared rules took away, by path."""
    found = ((path, count, kind) for kind, counts in _rules_of(entity) for path, count in sorted(counts.items()))
    return ", ".join(f"{path} {kind} in {counted(count, 'record')}" for path, count, kind in found)


def _rules_of(entity: EntitySummary) -> tuple[tuple[str, Mapping[str, int]], ...]:
    """The two kinds of rules with their counts."""
    return ("ignored", entity.ignored), ("tolerated", entity.tolerated)


def _entity(entity: EntitySummary, domain: DomainRun) -> EntityResult:
    told_apart = (*DIFFERING, Outcome.UNREADABLE)
    return EntityResult(
        counts=entity,
        word=told(entity_verdict(entity, may_be_empty=entity.may_be_empty), domain.status),
        differing=differing(entity.outcomes),
        outcomes=tuple((OUTCOME[one], entity.outcomes[one]) for one in told_apart if entity.outcomes[one]),
    )


def _command(run: StoredRun) -> str:
    """What makes the same run again."""
    names = " ".join(domain.domain for domain in run.domains)
    match run.mode:
        case Mode.KEYS:
            return f"reconciler run {names} --mode keys --keys run:{run.id}"
        case Mode.SAMPLE:
            seed = f" --seed {run.seed}" if run.seed is not None else ""
            return f"reconciler run {names} --mode sample{seed}"
        case _:
            return f"reconciler run {names} --mode {run.mode.value}"


def tab_title(page: RunPage) -> str:
    """`(14 differ) run 12 DIFFS`."""
    if page.run.status is not RunStatus.COMPLETED:
        return f"({page.whole.word.word}) run {page.run.id}"
    return f"({number(page.whole.differing)} differ) {page.whole.word.word} · run {page.run.id}"
