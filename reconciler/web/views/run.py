"""One run: its result line, its numbers against the run before, how far it is, what it found, and what it ran on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.app.courses import Course
from reconciler.app.ports import ClusterCount, StoredDiff, StoredRun
from reconciler.core.history import DomainRun
from reconciler.core.model import EntitySummary, Mode, Outcome, RunStatus, Verdict
from reconciler.core.summary import DIFFERING, differing, entity_verdict
from reconciler.core.wording import counted, number
from reconciler.web.reading import percent, share
from reconciler.web.views.caveats import Caveat, caveats, proofs
from reconciler.web.views.course import CourseView, course_view
from reconciler.web.views.runs import Part, part, told, whole
from reconciler.web.views.trend import Trend, trend
from reconciler.web.words import MODE, OUTCOME, RUN, Family, Word

ENVIRONMENT: Final = (
    ("host", "Host"),
    ("source_version", "MongoDB version"),
    ("source_role", "MongoDB role"),
    ("source_reads", "MongoDB read through"),
    ("target_version", "PostgreSQL version"),
    ("target_role", "PostgreSQL role"),
    ("target_reads", "PostgreSQL read through"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A big number with the whole it is a part of, and how far it is from the same number of the run before."""

    label: str
    value: str
    of: str
    family: Family | None
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityResult:
    """One entity of a run: its counts, its verdict in words, and the outcomes that make up the differing."""

    counts: EntitySummary
    word: Word
    differing: int
    outcomes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainResult:
    """One domain of a run; `proofs` tell how it was compared."""

    part: Part
    entities: tuple[EntityResult, ...]
    proofs: tuple[str, ...]
    clusters: tuple[ClusterCount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """A field, or whole records of one kind: in how many records it differs, and the clusters that it is in."""

    domain: str
    entity: str
    path: str | None
    kind: str
    differences: int
    share: float
    clusters: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """The page of one run; `sentence` says what the verdict rests on, `before` is the run it is held against."""

    run: StoredRun
    whole: Part
    sentence: str
    course: CourseView | None
    before: int | None
    figures: tuple[Figure, ...]
    caveats: tuple[Caveat, ...]
    domains: tuple[DomainResult, ...]
    clusters: tuple[ClusterCount, ...]
    fields: tuple[FieldRow, ...]
    sample: tuple[StoredDiff, ...]
    trend: Trend | None
    command: str
    recheck: str
    resume: str
    environment: tuple[tuple[str, str], ...]
    identities: tuple[tuple[str, str], ...]


def run_page(
    run: StoredRun,
    clusters: Sequence[ClusterCount],
    sample: Sequence[StoredDiff],
    *,
    now: datetime,
    earlier: Sequence[StoredRun] = (),
    environment: Mapping[str, str] | None = None,
    course: Course | None = None,
) -> RunPage:
    """The page of a run; `sample` holds some of its diffs, `earlier` runs like it, the newest first."""
    all_of_it, names = whole(run), " ".join(domain.domain for domain in run.domains)
    before = earlier[0] if earlier else None
    identities = {key: value for domain in run.domains for key, value in domain.identities.items()}
    known = environment or {}
    return RunPage(
        run=run,
        whole=all_of_it,
        sentence=_sentence(run, all_of_it),
        course=course_view(run, course, before=before, now=now) if run.status is RunStatus.RUNNING else None,
        before=before.id if before else None,
        figures=_figures(run, all_of_it, before),
        caveats=tuple(caveats(run)),
        domains=tuple(_domain(domain, run, clusters) for domain in run.domains),
        clusters=tuple(clusters),
        fields=_fields(clusters, all_of_it.differing),
        sample=tuple(sample),
        trend=trend(run, earlier),
        command=_command(run),
        recheck=f"reconciler run {names} --mode keys --keys run:{run.id}" if all_of_it.differing else "",
        resume=f"reconciler run --resume {run.id}" if run.status is RunStatus.INTERRUPTED else "",
        environment=tuple((label, known[key]) for key, label in ENVIRONMENT if known.get(key)),
        identities=tuple(sorted(identities.items())),
    )


def comparable(run: StoredRun, others: Sequence[StoredRun]) -> tuple[StoredRun, ...]:
    """Those of the others that a run can be held against: completed, of the same mode and the same domains."""
    names = {domain.domain for domain in run.domains}
    alike = (one for one in others if one.mode is run.mode and one.status is RunStatus.COMPLETED)
    return tuple(one for one in alike if {domain.domain for domain in one.domains} == names)


def _sentence(run: StoredRun, all_of_it: Part) -> str:
    """The denominator that belongs to the verdict."""
    if run.status is RunStatus.RUNNING:
        stored = f"{number(all_of_it.compared)} compared so far" if all_of_it.compared else "nothing is stored yet"
        return f"Under way: {stored}. It says nothing before it is sealed."
    if not all_of_it.compared:
        return "Nothing was compared, so nothing is known."
    differ = f"{number(all_of_it.differing)} of {counted(all_of_it.seen, 'record')} differ"
    if run.status is not RunStatus.COMPLETED:
        return f"It did not come to its end: {differ} so far, and the rest is not known."
    least = min(entity.coverage for domain in run.domains for entity in domain.entities)
    in_whole = run.mode is not Mode.SCAN or least >= 1
    how = MODE[run.mode] if in_whole else f"a scan that covered {percent(least)} at least"
    return f"{differ}; {number(all_of_it.compared)} compared in pairs; {how}."


def _counts(run: StoredRun) -> dict[str, int]:
    """The numbers of a run by their labels, in the order in which they are shown."""
    entities = [entity for domain in run.domains for entity in domain.entities]
    outcomes = {OUTCOME[one]: sum(entity.outcomes[one] for entity in entities) for one in Outcome}
    return {
        "compared": sum(entity.compared for entity in entities),
        **outcomes,
        "unconfirmed": sum(entity.unconfirmed for entity in entities),
        "cleared": sum(entity.cleared for entity in entities),
    }


def _figures(run: StoredRun, all_of_it: Part, before: StoredRun | None) -> tuple[Figure, ...]:
    """The big numbers, each with what it is a part of and how it has changed."""
    counts, earlier = _counts(run), _counts(before) if before else {}
    clean = all_of_it.word is RUN[Verdict.CLEAN]
    return tuple(
        Figure(
            label=label,
            value=number(count),
            of=_of(label, count, all_of_it.seen),
            family=_family(label, count, clean=clean),
            change=_change(count, earlier[label]) if earlier and run.status is RunStatus.COMPLETED else "",
        )
        for label, count in counts.items()
    )


def _of(label: str, count: int, seen: int) -> str:
    """What the number is a part of."""
    match label:
        case "compared":
            return f"of {counted(seen, 'record')} seen"
        case "unconfirmed":
            return "of those that differ"
        case "cleared":
            return "equal when read again"
        case _:
            return share(count, seen) if seen else "of nothing"


def _family(label: str, count: int, *, clean: bool) -> Family | None:
    """The colour of a number; most have none."""
    if label == OUTCOME[Outcome.MATCHED]:
        return Family.OK if clean else None
    if label == "unconfirmed":
        return Family.INCONCLUSIVE if count else None
    return Family.DIFFS if count and label in {OUTCOME[one] for one in DIFFERING} else None


def _change(count: int, earlier: int) -> str:
    """`+3`, or the same with a minus sign; empty where nothing has changed."""
    if count == earlier:
        return ""
    return f"{'+' if count > earlier else '−'}{number(abs(count - earlier))}"  # noqa: RUF001 - a true minus sign


def _domain(domain: DomainRun, run: StoredRun, clusters: Sequence[ClusterCount]) -> DomainResult:
    return DomainResult(
        part=part(domain, run.trigger),
        entities=tuple(_entity(entity, domain) for entity in domain.entities),
        proofs=tuple(proofs(domain)),
        clusters=tuple(one for one in clusters if one.domain == domain.domain),
    )


def _entity(entity: EntitySummary, domain: DomainRun) -> EntityResult:
    told_apart = (*DIFFERING, Outcome.UNREADABLE)
    return EntityResult(
        counts=entity,
        word=told(entity_verdict(entity, may_be_empty=entity.may_be_empty), domain.status),
        differing=differing(entity.outcomes),
        outcomes=tuple((OUTCOME[one], entity.outcomes[one]) for one in told_apart if entity.outcomes[one]),
    )


def _fields(clusters: Sequence[ClusterCount], of: int) -> tuple[FieldRow, ...]:
    """Clusters added up by field, the most differences first; a record with two causes in one field counts twice."""
    gathered: dict[tuple[str, str, str | None, str], list[ClusterCount]] = {}
    for one in clusters:
        kind = "" if one.path else one.kind
        gathered.setdefault((one.domain, one.entity, one.path, kind), []).append(one)
    rows = (
        FieldRow(
            domain=domain,
            entity=entity,
            path=path,
            kind=kind,
            differences=(count := sum(one.diffs for one in found)),
            share=min(1.0, count / of) if of else 0.0,
            clusters=tuple(one.id for one in found),
        )
        for (domain, entity, path, kind), found in gathered.items()
    )
    return tuple(sorted(rows, key=lambda row: (-row.differences, row.domain, row.entity, row.path or "")))


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
    """`(14 differ) run 12 DIFFS`, `(42 %) run 12 RUNNING`."""
    if page.course is not None:
        return f"({page.course.percent} %) {page.whole.word.word} · run {page.run.id}"
    if page.run.status is not RunStatus.COMPLETED:
        return f"({page.whole.word.word}) run {page.run.id}"
    return f"({number(page.whole.differing)} differ) {page.whole.word.word} · run {page.run.id}"
