"""A domain's gate page: verdict, checks, coverage, the way there and back, decisions and last runs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reconciler.app.ports import ClusterCount, StoredPath, StoredRun
from reconciler.core.approval_checks import rejections, valid_approvals
from reconciler.core.flip_checks import last_rehearsal
from reconciler.core.gate import Action, Check, CheckResult, Gate, GateFacts, GateVerdict, RollbackPlan, decide
from reconciler.core.groups import Group
from reconciler.core.history import Decision, DomainRun, Rehearsal
from reconciler.core.model import EntitySummary, Mode, RunStatus
from reconciler.core.sampled import sampled_words
from reconciler.core.spec import DomainSpec, EntitySpec
from reconciler.core.versions import ConfigVersion
from reconciler.core.wording import counted, number
from reconciler.web.views.days import Judgements, Strip, strip
from reconciler.web.views.overview import Soak, check_of, soak_of
from reconciler.web.views.rules import RuleRow, rule_row
from reconciler.web.views.runs import RunRow, part
from reconciler.web.words import CHECK, Word, check_name, gate_word

TOP_CLUSTERS = 5
STANDING = (CheckResult.FAIL, CheckResult.INCONCLUSIVE, CheckResult.PENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One check as a sentence."""

    word: Word
    name: str
    check: Check


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRow:
    """An entity of the domain, with what the newest complete scan counted of it."""

    spec: EntitySpec
    counts: EntitySummary | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """A decision of the past, and what it is worth today."""

    decision: Decision
    today: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """The written plan, its steps by heading, and the last rehearsal."""

    plan: RollbackPlan | None
    sections: Mapping[str, str]
    rehearsal: Rehearsal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainPage:
    """The page. `scan` is the newest sealed scan that the counts come from, `group` the flip group it is in."""

    facts: GateFacts
    spec: DomainSpec
    gate: Gate
    word: Word
    tally: str
    compared: str
    checks: tuple[CheckRow, ...]
    blocking: tuple[CheckRow, ...]
    strip: Strip
    soak: Soak | None
    clusters: tuple[ClusterCount, ...]
    more_clusters: int
    scan: DomainRun | None
    sampled: str
    entities: tuple[EntityRow, ...]
    rules: tuple[RuleRow, ...]
    versions: tuple[ConfigVersion, ...]
    hints: tuple[str, ...]
    unmentioned: tuple[StoredPath, ...]
    way_back: WayBack
    decisions: tuple[DecisionRow, ...]
    runs: tuple[RunRow, ...]
    group: Group | None = None


def domain_page(
    facts: GateFacts,
    *,
    recent: Sequence[DomainRun],
    runs: Sequence[StoredRun],
    clusters: Sequence[ClusterCount],
    versions: Sequence[ConfigVersion],
    paths: Sequence[StoredPath],
    sections: Mapping[str, str],
    judgements: Judgements,
) -> DomainPage:
    """The page from the facts of the gate.

    `recent` are the parts of the strip's days, `runs` the newest runs, `versions` the newest of the configuration,
    `paths` what scans saw of the schemas.
    """
    spec, now, gate = facts.data.spec, facts.data.now, decide(facts)
    rows = tuple(CheckRow(word=CHECK[check.result], name=check_name(check.name), check=check) for check in gate.checks)
    scan = _newest_scan(facts.data.history.runs)
    open_diffs = check_of(gate, "open_diffs")
    return DomainPage(
        facts=facts,
        spec=spec,
        gate=gate,
        word=gate_word(gate),
        tally=_tally(gate),
        compared=f"Open diffs: {open_diffs.measured}" if open_diffs else "",
        checks=rows,
        blocking=tuple(row for row in rows if row.check.result in STANDING),
        strip=strip(recent, now=now, judgements=judgements),
        soak=soak_of(spec, gate, now=now),
        clusters=tuple(clusters[:TOP_CLUSTERS]),
        more_clusters=max(0, len(clusters) - TOP_CLUSTERS),
        scan=scan,
        sampled=sampled_words(gate.sampled) if gate.sampled else "",
        entities=_entities(spec, scan),
        rules=tuple(rule_row(entity, rule, now=now, scan=scan) for entity, rule in spec.rules),
        versions=tuple(versions),
        hints=_hints(scan),
        unmentioned=_unmentioned(paths, scan),
        way_back=WayBack(plan=facts.plan, sections=sections, rehearsal=last_rehearsal(facts)),
        decisions=_decisions(facts, gate),
        runs=_own_parts(spec, runs),
    )


def _own_parts(spec: DomainSpec, runs: Sequence[StoredRun]) -> tuple[RunRow, ...]:
    """The domain's parts of these runs."""
    own = [(run, one) for run in runs for one in run.domains if one.domain == spec.name]
    return tuple(RunRow(part=part(one, run.trigger), domains=(spec.name,)) for run, one in own)


def _tally(gate: Gate) -> str:
    """`13 of 16 checks pass`, those that only inform told apart."""
    weighing = [check for check in gate.checks if check.result is not CheckResult.INFO]
    passing = sum(check.result is CheckResult.PASS for check in weighing)
    if not gate.checks:
        return "No check applies."
    informing = len(gate.checks) - len(weighing)
    beside = f", {number(informing)} for information" if informing else ""
    return f"{number(passing)} of {counted(len(weighing), 'check')} pass{beside}."


def _newest_scan(runs: Sequence[DomainRun]) -> DomainRun | None:
    """The newest sealed scan."""
    return next((run for run in runs if run.mode is Mode.SCAN and run.status is RunStatus.COMPLETED), None)


def _entities(spec: DomainSpec, scan: DomainRun | None) -> tuple[EntityRow, ...]:
    counts = {entity.entity: entity for entity in (scan.entities if scan else ())}
    return tuple(EntityRow(spec=entity, counts=counts.get(entity.name)) for entity in spec.entities)


def _hints(scan: DomainRun | None) -> tuple[str, ...]:
    """What the newest scan says of the schemas: what stops it, and what should be better."""
    looks = [entity.schema for entity in (scan.entities if scan else ()) if entity.schema]
    return tuple(text for look in looks for text in (*look.lacks, *look.hints))


def _unmentioned(paths: Sequence[StoredPath], scan: DomainRun | None) -> tuple[StoredPath, ...]:
    """The fields and columns of the newest scan that nobody mentions."""
    return tuple(one for one in paths if scan and not one.mentioned and one.last_run == scan.run_id)


def _decisions(facts: GateFacts, gate: Gate) -> tuple[DecisionRow, ...]:
    """Newest first."""
    digest = gate.evidence_digest
    holding = {one.id for one in (*valid_approvals(facts, digest=digest), *rejections(facts, digest=digest))}
    newest_first = sorted(facts.data.history.decisions, key=lambda one: one.id, reverse=True)
    return tuple(DecisionRow(decision=one, today=_today(one, holding)) for one in newest_first)


def _today(decision: Decision, holding: Collection[int]) -> str:
    """`holds` or `void`; a revocation did its work when it was made."""
    if decision.action == Action.REVOKE:
        return "done"
    return "holds" if decision.id in holding else "void"


def tab_title(page: DomainPage) -> str:
    """`(3 checks open) NO-GO · Addresses`: the count that matters first."""
    if page.gate.verdict is GateVerdict.NOT_COMPARABLE:
        return f"{page.word.word} · {page.spec.title}"
    return f"({counted(len(page.blocking), 'check')} open) {page.word.word} · {page.spec.title}"
