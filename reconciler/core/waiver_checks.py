"""Waivers: which checks people may set aside, which waivers hold now and for how much, and whether any went stale."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.core.approval_checks import person
from reconciler.core.gate_values import Check, CheckResult, Finding, GateFacts
from reconciler.core.history import Waiver
from reconciler.core.wording import counted, moment

WAIVABLE = frozenset({"dualwrite_gaps", "schema", "rules_valid", "rollback_plan", "depends_on", "flip_group"})
"""What a person can answer for. Never the data, the proof that a scan sees, the flag, the audit log or approvals."""
STANDING = (CheckResult.FAIL, CheckResult.INCONCLUSIVE)


def confirmed(waiver: Waiver) -> bool:
    """Whether a second person stood by it and nobody ended it."""
    two = person(waiver.confirmed_by) not in ("", person(waiver.asked_by))
    return two and waiver.confirmed_at is not None and waiver.ended_at is None


def in_force(waiver: Waiver, *, now: datetime) -> bool:
    """Whether a waiver holds now: confirmed, not of the future, not over."""
    begun = waiver.confirmed_at is not None and waiver.asked_at <= waiver.confirmed_at <= now
    return confirmed(waiver) and begun and now < waiver.until


def in_force_now(facts: GateFacts) -> tuple[Waiver, ...]:
    """The domain's waivers that hold now."""
    return tuple(one for one in facts.data.history.waivers if in_force(one, now=facts.data.now))


def set_aside(findings: Sequence[Finding], facts: GateFacts) -> tuple[Finding, ...]:
    """The findings, those `waived` that a waiver in force covers; a check that passes needs none."""
    return tuple(_set_aside(finding, facts) for finding in findings)


def waivers_valid(findings: Sequence[Finding], facts: GateFacts) -> Finding:
    """Whether every check that people once set aside is still covered, or came in order by itself."""
    stale = tuple(told for finding in findings if (told := _stale(finding.check, facts)))
    holding = in_force_now(facts)
    waiting = [one for one in facts.data.history.waivers if _waits(one, now=facts.data.now)]
    result, measured = CheckResult.INFO, "no waiver"
    if holding or waiting:
        measured = f"{counted(len(holding), 'waiver')} in force"
    if holding:
        result = CheckResult.PASS
        measured = f"{measured}, the first ends {moment(min(one.until for one in holding))}"
    if waiting:
        measured = f"{measured}; {counted(len(waiting), 'waiver')} waiting for a second person"
    if stale:
        result, measured = CheckResult.FAIL, "; ".join(stale)
    check = Check(
        name="waivers_valid",
        result=result,
        measured=measured,
        needed="none that is over while its check does not pass",
        since=max((one.confirmed_at for one in holding if one.confirmed_at), default=None),
        evidence=", ".join(f"waiver {one.id}" for one in (*holding, *waiting)) or "no waiver",
    )
    return Finding(check=check, next_step="mend what the check says, or `reconciler waive DOMAIN CHECK` anew")


def first_end(facts: GateFacts) -> datetime | None:
    """When the first waiver that holds now ends."""
    return min((one.until for one in in_force_now(facts)), default=None)


def covers(waiver: Waiver, check: Check) -> bool:
    """Whether a waiver is of this check, and of no less and nothing milder than is wrong now, where that is known."""
    worse = check.result is CheckResult.FAIL and waiver.result != CheckResult.FAIL
    if waiver.check != check.name or check.name not in WAIVABLE or worse:
        return False
    if waiver.most is None or check.amount is None:
        return waiver.most is None and check.amount is None
    return check.amount <= waiver.most


def _set_aside(finding: Finding, facts: GateFacts) -> Finding:
    """A finding, `waived` where a waiver covers it."""
    if finding.check.result not in STANDING:
        return finding
    waiver = next((one for one in in_force_now(facts) if covers(one, finding.check)), None)
    if waiver is None:
        return finding
    told = f"waiver {waiver.id} by {waiver.asked_by} and {waiver.confirmed_by} until {moment(waiver.until)}"
    return replace(finding, check=replace(finding.check, result=CheckResult.WAIVED, evidence=told))


def _stale(check: Check, facts: GateFacts) -> str:
    """That a check does not pass although it was once set aside, and why the waiver no longer covers it."""
    if check.result not in STANDING:
        return ""
    past = [one for one in facts.data.history.waivers if one.check == check.name and confirmed(one)]
    if not past:
        return ""
    last = max(past, key=lambda one: one.id)
    why = "covers less than is wrong now" if in_force(last, now=facts.data.now) else f"ended {moment(last.until)}"
    return f"waiver {last.id} of {check.name.replace('_', ' ')} {why}"


def _waits(waiver: Waiver, *, now: datetime) -> bool:
    """Whether a waiver still waits for its second person."""
    return not waiver.confirmed_by and waiver.ended_at is None and now < waiver.until
