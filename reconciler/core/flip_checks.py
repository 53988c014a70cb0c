"""The checks around a flip: the way back, the domains it hangs on, the flag as it is seen."""

from collections.abc import Iterable
from datetime import datetime

from reconciler.core.approval_checks import approved_since
from reconciler.core.data_checks import worst_result
from reconciler.core.evidence import Evidence, lapse
from reconciler.core.gate_values import (
    Check,
    CheckResult,
    Dependency,
    Finding,
    GateFacts,
    GateVerdict,
    Member,
)
from reconciler.core.history import Rehearsal
from reconciler.core.waiver_checks import first_end
from reconciler.core.wording import listed, span

STOPPED = {
    GateVerdict.NO_GO: CheckResult.FAIL,
    GateVerdict.HOLD: CheckResult.INCONCLUSIVE,
    GateVerdict.NO_DATA: CheckResult.INCONCLUSIVE,
    GateVerdict.NOT_COMPARABLE: CheckResult.INCONCLUSIVE,
    GateVerdict.SOAKING: CheckResult.PENDING,
    GateVerdict.READY: CheckResult.PENDING,
    GateVerdict.GO: CheckResult.PASS,
    GateVerdict.FLIPPED: CheckResult.PASS,
}


def rollback_plan(facts: GateFacts) -> Finding:
    """Whether the way back is written down, owned, and was walked lately; after the flip the age no longer matters."""
    spec, limit, last = facts.data.spec, facts.data.spec.policy.rehearsal_max_age, last_rehearsal(facts)
    problem = _plan_problem(facts)
    old = last is None or facts.data.now - last.at >= limit
    if not spec.rollback:
        result, measured = CheckResult.INFO, "no live flag, so nothing to roll back"
    elif problem:
        result, measured = CheckResult.FAIL, problem
    elif last is None:
        result, measured = CheckResult.FAIL, "never rehearsed"
    else:
        measured = f"rehearsed {span(facts.data.now - last.at)} ago in {last.minutes:g} min by {last.actor}"
        result = CheckResult.PASS if facts.flipped or not old else CheckResult.FAIL
    rehearse = f"`reconciler rehearse {spec.name} --minutes N --comment TEXT` after walking the plan"
    return _finding(
        "rollback_plan",
        result=result,
        measured=measured,
        needed=f"a plan with owner and command, rehearsed within {span(limit)}",
        since=last.at if last else None,
        evidence=_plan_source(facts),
        next_step=f"complete the rollback plan of {spec.name}, then `reconciler gate {spec.name}`"
        if problem
        else rehearse,
        amount=1 + len(problem.split("; ")) if problem else 1,
    )


def depends_on(facts: GateFacts) -> Finding:
    """Whether the data of every domain that this one refers to are in order."""
    named = facts.data.spec.depends_on
    known = {dependency.domain: dependency for dependency in facts.dependencies}
    results = {name: _dependency(known.get(name)) for name in named}
    bad = tuple(name for name in named if results[name] is not CheckResult.PASS)
    why = "; ".join(f"{name}: {_complaint(known.get(name))}" for name in bad)
    return _finding(
        "depends_on",
        result=worst_result(results.values()) if named else CheckResult.INFO,
        measured=why or (f"{listed(named)} in order" if named else "depends on no other domain"),
        needed=f"the data of {listed(named)} in order" if named else "nothing",
        since=so_since(check for name in named if name in known for check in known[name].checks),
        evidence=f"the gates of {listed(named)}" if named else "configuration",
        amount=len(bad),
        next_step=f"`reconciler gate {bad[0]}`" if bad else "",
    )


def flip_group(facts: GateFacts) -> Finding:
    """Whether the whole group may go: together or not at all."""
    group = facts.data.spec.flip_group
    results = [STOPPED[member.verdict] for member in facts.group]
    bad = tuple(member for member in facts.group if STOPPED[member.verdict] is not CheckResult.PASS)
    names = listed(tuple(member.domain for member in facts.group))
    why = "; ".join(f"{member.domain} is {member.verdict.value.replace('_', ' ')}" for member in bad)
    return _finding(
        "flip_group",
        result=worst_result(results) if results else CheckResult.INFO,
        measured=why or (f"{names} may go too" if names else "flips alone"),
        needed=f"all of group {group}: together or not at all" if names else "nothing",
        since=_group_since(facts.group),
        evidence=f"the gates of {names}" if names else "configuration",
        amount=len(bad),
        next_step=f"`reconciler gate {_worst(bad).domain}`" if bad else "",
    )


def flag_observed(facts: GateFacts) -> Finding:
    """What the backend reads, where it is watched; a flag that was flipped without a go is an alarm."""
    spec, flag, needed = facts.data.spec, facts.flag, "no flip without a go"
    if not spec.flip:
        return _finding("flag_observed", result=CheckResult.INFO, measured="no live flag", needed=needed)
    if flag is None:
        return _finding("flag_observed", result=CheckResult.INFO, measured="not watched", needed=needed)
    result, measured, next_step = CheckResult.PASS, f"{spec.flag} reads {flag.reads}", ""
    if flag.reads is None:
        result, measured = CheckResult.INCONCLUSIVE, flag.problem or "the flag could not be read"
        next_step = "`reconciler doctor`"
    elif facts.alarm:
        result, measured = CheckResult.INCONCLUSIVE, facts.alarm
        next_step = f"set {way_back(facts)}"
    return _finding(
        "flag_observed",
        result=result,
        measured=measured,
        needed=needed,
        since=flag.since,
        evidence=flag.origin,
        next_step=next_step,
    )


def audit_chain(facts: GateFacts) -> Finding:
    """Whether the audit log is as it was written; where it is not, nothing that people decided can be trusted."""
    chain = facts.chain
    return _finding(
        "audit_chain",
        result=CheckResult.PASS if chain.intact else CheckResult.INCONCLUSIVE,
        measured=chain.told,
        needed="every entry as it was written",
        evidence="audit log",
        next_step="`reconciler audit verify`, then restore the report database from a backup",
    )


def last_rehearsal(facts: GateFacts) -> Rehearsal | None:
    """The newest rehearsal of the domain's plan, recorded or noted in the plan itself."""
    noted = [facts.plan.rehearsal] if facts.plan and facts.plan.rehearsal else []
    return max((*facts.data.history.rehearsals, *noted), key=lambda rehearsal: rehearsal.at, default=None)


def way_back(facts: GateFacts) -> str:
    """The plan's own command, or the flag's setting where no plan gives one."""
    written = facts.plan.rollback_command if facts.plan else ""
    return f"`{written or facts.data.spec.rollback}`"


def valid_until(facts: GateFacts, evidence: Evidence, *, digest: str | None) -> datetime | None:
    """When the first thing that this gate stands on lapses by itself; None where it stands on nothing."""
    policy = facts.data.spec.policy
    ends = [lapse(evidence.scan.started_at, policy.max_scan_age)] if evidence.scan else []
    ends += [rule.ends_at for _, rule in facts.data.spec.rules if rule.ends_at and rule.ends_at >= facts.data.now]
    ends += [one.valid_until for one in facts.dependencies if one.valid_until]
    ends += [one.valid_until for one in facts.group if one.valid_until]
    ends += [end] if (end := first_end(facts)) else []
    if not facts.flipped:
        rehearsal = last_rehearsal(facts) if facts.data.spec.rollback else None
        ends += [lapse(rehearsal.at, policy.rehearsal_max_age)] if rehearsal else []
        complete = approved_since(facts, digest=digest)
        ends += [lapse(complete, policy.approval_ttl)] if complete else []
    return min(ends, default=None)


def so_since(checks: Iterable[Check]) -> datetime | None:
    """Since when these checks are what they are together: from the first in the way, else from the last to pass."""
    known = tuple(checks)
    worst = worst_result(check.result for check in known)
    times = [check.since for check in known if check.result is worst and check.since]
    return (max if worst is CheckResult.PASS else min)(times, default=None)


def _group_since(members: tuple[Member, ...]) -> datetime | None:
    """As `so_since`, of the rest of a flip group."""
    worst = worst_result(STOPPED[member.verdict] for member in members)
    times = [member.since for member in members if STOPPED[member.verdict] is worst and member.since]
    return (max if worst is CheckResult.PASS else min)(times, default=None)


def _plan_problem(facts: GateFacts) -> str:
    """What the written plan lacks; empty where it is complete."""
    plan = facts.plan
    if plan is None:
        return "no plan is written"
    missing = [
        what for what, text in (("owner", plan.owner), ("rollback command", plan.rollback_command)) if not text.strip()
    ]
    ahead = plan.rehearsal is not None and plan.rehearsal.at > facts.data.now
    dated = ["the rehearsal that the plan notes is dated later than now"] if ahead else []
    return "; ".join([*(f"the plan names no {what}" for what in missing), *plan.problems, *dated])


def _plan_source(facts: GateFacts) -> str:
    """The plan and its owner."""
    return f"rollback plan, owner {facts.plan.owner}" if facts.plan and facts.plan.owner else "no plan with an owner"


def _dependency(dependency: Dependency | None) -> CheckResult:
    """What another domain's data say; a domain that is unknown or not comparable can't be judged."""
    return worst_result(check.result for check in dependency.checks) if dependency else CheckResult.INCONCLUSIVE


def _complaint(dependency: Dependency | None) -> str:
    """The worst check of another domain in a few words."""
    if dependency is None or not dependency.checks:
        return "cannot be compared"
    worst = worst_result(check.result for check in dependency.checks)
    check = next((one for one in dependency.checks if one.result is worst), dependency.checks[0])
    return f"{check.name.replace('_', ' ')}: {check.measured}"


def _worst(members: tuple[Member, ...]) -> Member:
    """The member that holds the group back most."""
    order = list(STOPPED)
    return min(members, key=lambda member: order.index(member.verdict))


def _finding(
    name: str,
    *,
    result: CheckResult,
    measured: str,
    needed: str,
    since: datetime | None = None,
    evidence: str = "configuration",
    next_step: str = "",
    amount: int | None = None,
) -> Finding:
    """A check and its next step."""
    check = Check(
        name=name, result=result, measured=measured, needed=needed, since=since, evidence=evidence, amount=amount
    )
    return Finding(check=check, next_step=next_step)
