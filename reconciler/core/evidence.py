"""Which runs are evidence today, how long they have been clean, and the digest that an approval is bound to."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from reconciler.core.gate_values import DataFacts, GateFacts, SoakEvent
from reconciler.core.history import DomainRun
from reconciler.core.model import EntitySummary, Mode, RunStatus, Verdict
from reconciler.core.schema_look import SchemaLook
from reconciler.core.spec import GatePolicy
from reconciler.core.summary import domain_verdict
from reconciler.core.waiver_checks import in_force_now
from reconciler.core.wording import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """What broke the line of clean scans: in a word, in words, and when the run began that shows it."""

    event: SoakEvent
    told: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """The clean scans that nothing interrupted, newest first, and what broke the line before them, if anything did."""

    scans: tuple[DomainRun, ...]
    broken_by: Break | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The runs of a domain as today's gate sees them; every tuple is newest first."""

    facts: DataFacts
    runs: tuple[DomainRun, ...]
    ended: tuple[DomainRun, ...]
    scan: DomainRun | None
    streak: Streak
    clock_trouble: str

    @property
    def policy(self) -> GatePolicy:
        """What today's configuration asks for."""
        return self.facts.spec.policy

    @property
    def domain(self) -> str:
        """The domain's name."""
        return self.facts.spec.name

    @property
    def compared(self) -> int:
        """How many records the newest scan compared."""
        return sum(entity.compared for entity in self.scan.entities) if self.scan else 0

    @property
    def source(self) -> str:
        """The run that the data checks read."""
        return f"run {self.scan.run_id}" if self.scan else "no scan that counts today"

    @property
    def since(self) -> datetime | None:
        """When the newest scan ended."""
        return self.scan.finished_at if self.scan else None


def gather(facts: DataFacts) -> Evidence:
    """Sorts a domain's runs by what they are worth today."""
    runs = tuple(sorted(facts.history.runs, key=lambda run: run.run_id, reverse=True))
    scans = [run for run in runs if is_evidence(run, facts=facts)]
    return Evidence(
        facts=facts,
        runs=runs,
        ended=tuple(run for run in runs if run.status is not RunStatus.RUNNING),
        scan=scans[0] if scans else None,
        streak=_streak(runs, facts=facts),
        clock_trouble=_clock_trouble(runs, facts=facts),
    )


def of_today(run: DomainRun, *, facts: DataFacts) -> bool:
    """Whether a run was made under today's mapping, rules and code."""
    return run.config_digest == facts.spec.config_digest and run.code_version == facts.code_version


def is_evidence(run: DomainRun, *, facts: DataFacts) -> bool:
    """Whether a run is a sealed scan of today's rules; what it found is another question."""
    sealed = run.status is RunStatus.COMPLETED and run.finished_at is not None
    return sealed and run.mode is Mode.SCAN and of_today(run, facts=facts)


def uncovered(run: DomainRun, *, facts: DataFacts) -> str:
    """What a scan did not look at, in words; empty where it saw all that the policy asks for."""
    seen = {entity.entity: entity for entity in run.entities}
    absent = tuple(entity.name for entity in facts.spec.entities if entity.name not in seen)
    partial = tuple(
        entity.entity for entity in run.entities if not _covered(entity, floor=facts.spec.policy.min_coverage)
    )
    if absent:
        return f"{listed(absent)} not looked at"
    if partial:
        return f"{listed(partial)} in part"
    return "" if any(entity.compared for entity in run.entities) else "nothing compared"


def canaries_caught(run: DomainRun) -> bool:
    """Whether the run proved that it can see: it planted canaries and caught every one."""
    return run.canaries_planted > 0 and run.canaries_caught == run.canaries_planted


def is_clean(run: DomainRun, *, facts: DataFacts) -> bool:
    """Whether a run is a clean scan of everything, with its canaries caught."""
    proven = is_evidence(run, facts=facts) and canaries_caught(run) and not uncovered(run, facts=facts)
    return proven and domain_verdict(run) is Verdict.CLEAN


def spaced(scans: tuple[DomainRun, ...], *, policy: GatePolicy) -> Iterator[DomainRun]:
    """The scans that count: the newest, then each that started at least `clean_scan_gap` before the last one taken."""
    taken: DomainRun | None = None
    for scan in scans:
        if taken is None or taken.started_at - scan.started_at >= policy.clean_scan_gap:
            taken = scan
            yield scan


def since_last_harm(facts: GateFacts, evidence: Evidence) -> tuple[DomainRun, ...]:
    """The clean scans that started after the last confirmed diff and the last rollback, newest first."""
    harms = [at for at in (facts.data.history.last_diff_at, facts.rolled_back_at) if at is not None]
    return tuple(scan for scan in evidence.streak.scans if all(scan.started_at >= harm for harm in harms))


def evidence_text(facts: GateFacts, evidence: Evidence) -> str:
    """What an approval stands on as canonical JSON, untouched by the passing of time; empty while no run has ended."""
    if not evidence.ended or not facts.data.spec.comparable:
        return ""
    return json.dumps(
        _bundle(facts, evidence), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def digest_of(text: str) -> str:
    """`sha256:…` of a text, as `sha256sum` has it."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def evidence_digest(facts: GateFacts, evidence: Evidence) -> str | None:
    """The digest of the evidence's text; None while there is none."""
    text = evidence_text(facts, evidence)
    return digest_of(text) if text else None


def lapse(at: datetime, lifetime: timedelta) -> datetime:
    """When something of that age limit lapses; the end of time where the sum lies beyond it."""
    end = datetime.max.replace(tzinfo=UTC)
    return at + lifetime if lifetime < end - at else end


def troubled(run: DomainRun) -> bool:
    """Whether a run that ended is anything but clean."""
    return domain_verdict(run) is not Verdict.CLEAN


def _covered(entity: EntitySummary, *, floor: float) -> bool:
    """Whether an entity was seen to its end and as far as asked; a share that is no share (NaN, above 1) is not."""
    return entity.complete and floor <= entity.coverage <= 1


def _streak(runs: tuple[DomainRun, ...], *, facts: DataFacts) -> Streak:
    """Walks back from the newest run until something breaks the line."""
    scans: list[DomainRun] = []
    for run in runs:
        broken_by = _break(run, later=scans[-1] if scans else None, facts=facts)
        if broken_by is not None:
            return Streak(scans=tuple(scans), broken_by=broken_by)
        if is_clean(run, facts=facts):
            scans.append(run)
    return Streak(scans=tuple(scans), broken_by=None)


def _break(run: DomainRun, *, later: DomainRun | None, facts: DataFacts) -> Break | None:
    """Why nothing up to this run counts with `later`, the clean scan that followed; None where nothing broke."""
    told = partial(Break, at=run.started_at)
    if not of_today(run, facts=facts):
        return told(event=SoakEvent.RULES, told=f"a change of mapping, rules or code after run {run.run_id}")
    if run.status is RunStatus.COMPLETED and domain_verdict(run) is Verdict.DIFFS:
        return told(event=SoakEvent.DIFF, told=f"run {run.run_id} found something wrong")
    if later is None or not is_clean(run, facts=facts):
        return None
    if dict(run.identities) != dict(later.identities):
        return told(event=SoakEvent.STORES, told=f"run {run.run_id} compared other stores")
    apart = later.started_at - run.started_at
    if apart.total_seconds() < 0:
        return told(event=SoakEvent.CLOCK, told=f"the clock went back after run {run.run_id}")
    if apart > facts.spec.policy.max_scan_age:
        return told(event=SoakEvent.GAP, told=f"a gap in coverage after run {run.run_id}")
    return None


def _clock_trouble(runs: tuple[DomainRun, ...], *, facts: DataFacts) -> str:
    """What is dated later than now, in words."""
    dated = [(run.finished_at or run.started_at, f"run {run.run_id}") for run in runs]
    dated += [(item.at, "a decision") for item in facts.history.decisions]
    dated += [(item.at, "a rehearsal") for item in facts.history.rehearsals]
    dated += [(item.confirmed_at or item.asked_at, "a waiver") for item in facts.history.waivers]
    dated += [(facts.history.last_diff_at, "a diff")] if facts.history.last_diff_at else []
    ahead = [what for at, what in dated if at > facts.now]
    return f"{ahead[0]} is dated later than now: the clock went back" if ahead else ""


def _bundle(facts: GateFacts, evidence: Evidence) -> Mapping[str, object]:
    """Everything that must be the same for an approval to hold."""
    spec, history, scan = facts.data.spec, facts.data.history, evidence.scan
    counted = tuple(spaced(since_last_harm(facts, evidence), policy=spec.policy))[: spec.policy.min_clean_scans]
    newest, counter = scan.run_id if scan else 0, gaps_run(evidence)
    return {
        "version": 2,
        "domain": spec.name,
        "config": spec.config_digest,
        "policy": spec.policy_digest,
        "code": facts.data.code_version,
        "scan": _told(scan) if scan else None,
        "clean_scans": [_told(run) for run in counted],
        "troubled_since": [run.run_id for run in evidence.ended if run.run_id > newest and troubled(run)],
        "gaps": counter.gaps if counter else None,
        "open_confirmed": history.open_confirmed,
        "open_unconfirmed": history.open_unconfirmed,
        "last_diff_at": history.last_diff_at.isoformat() if history.last_diff_at else None,
        "rolled_back_at": facts.rolled_back_at.isoformat() if facts.rolled_back_at else None,
        "waivers": [one.id for one in in_force_now(facts)],
    }


def gaps_run(evidence: Evidence) -> DomainRun | None:
    """The run that counted the unresolved dual-write gaps last: the newest scan or a sealed run after it."""
    oldest = evidence.scan.run_id if evidence.scan else 0
    sealed = (run for run in evidence.ended if run.status is RunStatus.COMPLETED and run.run_id >= oldest)
    return next((run for run in sealed if run.gaps is not None), None)


def _told(run: DomainRun) -> Mapping[str, object]:
    """A scan as the digest sees it."""
    return {
        "run": run.run_id,
        "verdict": domain_verdict(run).value,
        "identities": dict(run.identities),
        "canaries": [run.canaries_planted, run.canaries_caught],
        "entities": [_counts(entity) for entity in sorted(run.entities, key=lambda entity: entity.entity)],
    }


def _counts(entity: EntitySummary) -> Mapping[str, object]:
    """An entity's counts as the digest sees them."""
    return {
        "entity": entity.entity,
        "records": [entity.source_records, entity.target_records, entity.seen, entity.compared],
        "outcomes": {outcome.value: count for outcome, count in entity.outcomes.items()},
        "unconfirmed": entity.unconfirmed,
        "coverage": repr(entity.coverage),
        "complete": entity.complete,
        "schema": _schema(entity.schema) if entity.schema else None,
        "ruled": [sorted(entity.ignored.items()), sorted(entity.tolerated.items())],
        "invariants": sorted([item.name, item.side, item.violations] for item in entity.invariants),
    }


def _schema(look: SchemaLook) -> list[object]:
    """What was seen of both schemas; how often a path was seen is data, and told by the counts."""
    return [look.lacks, look.hints, sorted([str(path.side), path.path] for path in look.unmentioned)]
