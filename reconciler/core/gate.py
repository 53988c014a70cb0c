"""Policy and history in, verdict with its checks out: the only place that decides whether a domain may flip."""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from reconciler.core.approval_checks import approvals
from reconciler.core.data_checks import DATA_CHECKS, judge_data, worst_result
from reconciler.core.evidence import Evidence, digest_of, evidence_text, gather, lapse
from reconciler.core.flip_checks import (
    audit_chain,
    depends_on,
    flag_observed,
    flip_group,
    rollback_plan,
    so_since,
    valid_until,
    way_back,
)
from reconciler.core.gate_values import (
    Action,
    Check,
    CheckResult,
    DataFacts,
    Dependency,
    Finding,
    FlagState,
    Gate,
    GateFacts,
    GateVerdict,
    Member,
    Reads,
    Requirement,
    RollbackPlan,
)
from reconciler.core.sampled import sampled_since
from reconciler.core.soak import clean_scans, soak, soak_clock
from reconciler.core.waiver_checks import set_aside, waivers_valid
from reconciler.core.wording import counted, listed, moment

__all__ = [
    "CHECK_ORDER",
    "Action",
    "Check",
    "CheckResult",
    "DataFacts",
    "Dependency",
    "FlagState",
    "Gate",
    "GateFacts",
    "GateVerdict",
    "Member",
    "Reads",
    "Requirement",
    "RollbackPlan",
    "as_member",
    "data_health",
    "decide",
    "exit_code",
    "satisfies",
]

CHECK_ORDER = (
    "open_diffs",
    "unconfirmed_diffs",
    "coverage",
    "soak",
    "clean_scans",
    "last_scan",
    "run_errors",
    "key_integrity",
    "invariants",
    "canaries",
    "dualwrite_gaps",
    "schema",
    "rules_valid",
    "waivers_valid",
    "rollback_plan",
    "depends_on",
    "flip_group",
    "flag_observed",
    "audit_chain",
    "approvals",
)
OWN_DATA = frozenset(check.__name__ for check in DATA_CHECKS)
BEFORE_THE_FLIP = frozenset({"soak", "clean_scans", "approvals"})
OPEN_ENOUGH = {
    Requirement.SOAKING: {GateVerdict.SOAKING, GateVerdict.READY, GateVerdict.GO, GateVerdict.FLIPPED},
    Requirement.READY: {GateVerdict.READY, GateVerdict.GO, GateVerdict.FLIPPED},
    Requirement.GO: {GateVerdict.GO, GateVerdict.FLIPPED},
}
RANK = (CheckResult.FAIL, CheckResult.INCONCLUSIVE, CheckResult.PENDING)


def decide(facts: GateFacts) -> Gate:
    """The domain's gate as of `facts.data.now`; nothing is remembered from an earlier answer."""
    if not facts.data.spec.comparable:
        return _not_comparable(facts)
    evidence = gather(facts.data)
    text = evidence_text(facts, evidence)
    digest = digest_of(text) if text else None
    findings = _findings(facts, evidence, digest=digest)
    verdict = _verdict(facts, evidence, findings)
    reason, next_step = _say(facts, verdict, findings)
    return Gate(
        domain=facts.data.spec.name,
        verdict=verdict,
        policy_digest=facts.data.spec.policy_digest,
        evidence_digest=digest,
        valid_until=valid_until(facts, evidence, digest=digest),
        checks=tuple(finding.check for finding in findings),
        flip=facts.data.spec.flip,
        rollback=facts.data.spec.rollback,
        reason=reason,
        next_step=next_step,
        reads=facts.flag.reads if facts.flag else None,
        soak=soak_clock(facts, evidence),
        sampled=sampled_since(evidence),
        evidence=text,
        alarm=facts.alarm,
    )


def data_health(facts: DataFacts) -> Dependency:
    """How a domain's data stand, for the domains that depend on it; its own dependencies are not followed."""
    if not facts.spec.comparable:
        return Dependency(domain=facts.spec.name, checks=(), valid_until=None)
    evidence = gather(facts)
    ends = [lapse(evidence.scan.started_at, facts.spec.policy.max_scan_age)] if evidence.scan else []
    ends += [rule.ends_at for _, rule in facts.spec.rules if rule.ends_at and rule.ends_at >= facts.now]
    checks = tuple(finding.check for finding in judge_data(evidence))
    return Dependency(domain=facts.spec.name, checks=checks, valid_until=min(ends, default=None))


def as_member(facts: GateFacts) -> Member:
    """How a domain would be judged if it had no flip group, for the others of its group."""
    gate = decide(replace(facts, group=()))
    return Member(
        domain=gate.domain,
        verdict=gate.verdict,
        reason=gate.reason,
        valid_until=gate.valid_until,
        since=facts.flag.since if facts.flag and gate.verdict is GateVerdict.FLIPPED else so_since(gate.checks),
    )


def satisfies(gate: Gate, require: Requirement = Requirement.GO) -> bool:
    """Whether the gate is at least what is asked; `flipped` counts as `go`, no_data and not_comparable as nothing."""
    return gate.verdict in OPEN_ENOUGH[require]


def exit_code(gate: Gate, *, require: Requirement = Requirement.GO) -> int:
    """0 where the gate is open enough, 1 at `no_go`, 3 at anything else."""
    return verdict_code(gate.verdict, require=require)


def verdict_code(verdict: GateVerdict, *, require: Requirement = Requirement.GO) -> int:
    """As `exit_code`, of a verdict that came without its gate."""
    if verdict in OPEN_ENOUGH[require]:
        return 0
    return 1 if verdict is GateVerdict.NO_GO else 3


def _findings(facts: GateFacts, evidence: Evidence, *, digest: str | None) -> tuple[Finding, ...]:
    """Every check in its order; once flipped with a go, those that led to the flip are told and no longer weigh."""
    made = (
        *judge_data(evidence),
        soak(facts, evidence),
        clean_scans(facts, evidence),
        rollback_plan(facts),
        depends_on(facts),
        flip_group(facts),
        flag_observed(facts),
        audit_chain(facts),
        approvals(facts, digest=digest),
    )
    judged = set_aside(made, facts)
    by_name = {finding.check.name: finding for finding in (*judged, waivers_valid(judged, facts))}
    ordered = tuple(by_name.pop(name) for name in CHECK_ORDER)
    return tuple(_after_the_flip(finding) for finding in ordered) if facts.flipped else ordered


def _after_the_flip(finding: Finding) -> Finding:
    """Soak, scans in a row and approvals led to the flip: afterwards they inform."""
    waits = finding.check.result is CheckResult.PENDING
    if finding.check.name not in BEFORE_THE_FLIP and not waits:
        return finding
    return replace(finding, check=replace(finding.check, result=CheckResult.INFO))


def _verdict(facts: GateFacts, evidence: Evidence, findings: Sequence[Finding]) -> GateVerdict:
    """The worst check decides; of no checks at all: hold."""
    read_from_target = facts.flag is not None and facts.flag.reads is Reads.POSTGRES
    if not evidence.ended and not read_from_target:
        return GateVerdict.NO_DATA
    match worst_result(finding.check.result for finding in findings):
        case CheckResult.FAIL:
            return GateVerdict.NO_GO
        case CheckResult.INCONCLUSIVE:
            return GateVerdict.HOLD
        case CheckResult.PENDING:
            return GateVerdict.READY if _only_people_wait(facts, findings) else GateVerdict.SOAKING
        case CheckResult.PASS:
            return GateVerdict.FLIPPED if facts.flipped else GateVerdict.GO
        case _ as other:
            raise ValueError(f"a gate cannot be decided by {other}")


def _only_people_wait(facts: GateFacts, findings: Sequence[Finding]) -> bool:
    """Whether approvals are all that is pending, here and in the rest of the flip group."""
    waiting = {finding.check.name for finding in findings if finding.check.result is CheckResult.PENDING}
    group_soaks = any(member.verdict is GateVerdict.SOAKING for member in facts.group)
    return waiting <= {"approvals", "flip_group"} and not group_soaks


def _not_comparable(facts: GateFacts) -> Gate:
    """The gate of a domain without a PostgreSQL side: never green, and it says why."""
    spec = facts.data.spec
    return Gate(
        domain=spec.name,
        verdict=GateVerdict.NOT_COMPARABLE,
        policy_digest=None,
        evidence_digest=None,
        valid_until=None,
        checks=(),
        flip="",
        rollback="",
        reason=f"Not comparable: {spec.not_comparable}.",
        next_step="nothing to do until there is a PostgreSQL side to compare with",
    )


def _say(facts: GateFacts, verdict: GateVerdict, findings: Sequence[Finding]) -> tuple[str, str]:
    """One sentence for people and the one thing to do next."""
    spec, compared = facts.data.spec, f"open diffs {findings[0].check.measured}"
    match verdict:
        case GateVerdict.NO_DATA:
            return "No run has ended yet, so nothing is known.", f"`reconciler run {spec.name} --mode scan`"
        case GateVerdict.GO:
            flip = (
                f"set `{spec.flip}`; the way back is {way_back(facts)}"
                if spec.flip
                else "nothing to flip: no live flag reads this domain"
            )
            return f"Every check passes{_with_waivers(findings)}: {compared}.", flip
        case GateVerdict.FLIPPED:
            seen = f" since {moment(facts.flag.since)}" if facts.flag and facts.flag.since else ""
            return (
                f"Reads are on PostgreSQL{seen}{_with_waivers(findings)}, {compared}.",
                f"keep an eye on it; the way back is {way_back(facts)}",
            )
        case GateVerdict.NO_GO | GateVerdict.HOLD | GateVerdict.SOAKING | GateVerdict.READY:
            return _say_what_stops(facts, findings)
        case GateVerdict.NOT_COMPARABLE:
            raise ValueError("a domain without a PostgreSQL side has no checks to speak of")
        case _ as never:
            assert_never(never)


def _with_waivers(findings: Sequence[Finding]) -> str:
    """That checks were set aside: a gate never looks better than it is."""
    waived = tuple(finding.check.name for finding in findings if finding.check.result is CheckResult.WAIVED)
    return f" with {counted(len(waived), 'waiver')} ({listed(waived).replace('_', ' ')})" if waived else ""


def _say_what_stops(facts: GateFacts, findings: Sequence[Finding]) -> tuple[str, str]:
    """The first of the worst checks, how many stand beside it, its next step; after a flip the way back comes first."""
    results = {finding.check.result for finding in findings}
    worst = next((result for result in RANK if result in results), None)
    if worst is None:
        return "No check could be judged.", f"`reconciler run {facts.data.spec.name} --mode scan`"
    stopping = [finding for finding in findings if finding.check.result is worst]
    first, others = stopping[0], len(stopping) - 1
    name, beside = (
        first.check.name.replace("_", " "),
        f" ({counted(others, 'other check')} beside it)" if others else "",
    )
    reason = f"{name.capitalize()}: {first.check.measured}; needed: {first.check.needed}{beside}."
    on_target = facts.flag is not None and facts.flag.reads is Reads.POSTGRES
    if on_target and worst is CheckResult.FAIL and first.check.name in OWN_DATA:
        reason = f"Reads are on PostgreSQL and rolling back would lose what differs. {reason}"
        return reason, f"go back with {way_back(facts)}, then {first.next_step}"
    return reason, first.next_step
