"""Setting a check aside: one person asks with a reason and an end, a second one confirms, either ends it early."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from reconciler.app.acting import require, signed
from reconciler.app.ports import Ledger
from reconciler.app.verdicts import Verdicts
from reconciler.core.access import Actor, Right
from reconciler.core.approval_checks import person
from reconciler.core.audit import Act, AuditAction
from reconciler.core.gate import Check, CheckResult, Gate, GateFacts, decide
from reconciler.core.history import Waiver
from reconciler.core.waiver_checks import WAIVABLE
from reconciler.core.wording import listed, moment
from reconciler.errors import AccessDenied, Conflict, UsageError

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
STANDING = (CheckResult.FAIL, CheckResult.INCONCLUSIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waivers:
    """Every method raises AccessDenied without the right to approve, NotFound, and UsageError for an empty text."""

    verdicts: Verdicts
    ledger: Ledger

    async def waive(self, domain: str, *, check: str, reason: str, until: datetime, actor: Actor) -> Waiver:
        """Asks for a waiver of a check that does not pass; the same asked by a second person confirms it.

        Raises UsageError where the check can't be waived or passes, or `until` is not in the future.
        """
        reason = signed(actor, reason, right=Right.APPROVE)
        facts = await self.verdicts.facts(domain)
        gate, now = decide(facts), facts.data.now
        known = listed(tuple(sorted(WAIVABLE)))
        require(check in WAIVABLE, f"check {check} can't be waived", expected=f"one of {known}", got=check)
        require(until > now, "until", expected="a time that is not over", got=moment(until))
        waiting = next((one for one in facts.data.history.waivers if _same(one, check, until, now=now)), None)
        if waiting is not None and person(waiting.asked_by) != person(actor.name):
            return await self.confirm(domain, waiver_id=waiting.id, actor=actor, comment=reason)
        found = _standing_check(facts, check)
        act = _act(AuditAction.WAIVE, facts, gate, actor, reason, of=f"{check} until {moment(until)}")
        return await self.ledger.waive(act, check=check, until=until, result=found.result.value, most=found.amount)

    async def confirm(self, domain: str, *, waiver_id: int, actor: Actor, comment: str) -> Waiver:
        """Stands by a waiver that somebody else asked for. Raises Conflict where it is over or confirmed already."""
        comment = signed(actor, comment, right=Right.APPROVE)
        waiver, facts = await self._waiver(domain, waiver_id)
        if person(waiver.asked_by) == person(actor.name):
            raise AccessDenied(
                f"{actor.name} may not confirm waiver {waiver_id}",
                expected="a second person",
                got="the one who asked for it",
                next_step="ask another approver",
            )
        over = waiver.ended_at is not None or waiver.until <= facts.data.now
        if waiver.confirmed_by or over:
            got = "one that is over" if over else f"one confirmed by {waiver.confirmed_by}"
            raise Conflict(f"waiver {waiver_id} can't be confirmed", expected="one that waits", got=got)
        act = _act(AuditAction.WAIVER_CONFIRMED, facts, decide(facts), actor, comment, of=_told(waiver))
        return await self.ledger.confirm_waiver(act, waiver_id=waiver_id)

    async def end(self, domain: str, *, waiver_id: int, actor: Actor, comment: str) -> Waiver:
        """Ends a waiver now, confirmed or not: the check counts again."""
        comment = signed(actor, comment, right=Right.APPROVE)
        waiver, facts = await self._waiver(domain, waiver_id)
        act = _act(AuditAction.WAIVER_ENDED, facts, decide(facts), actor, comment, of=_told(waiver))
        return await self.ledger.end_waiver(act, waiver_id=waiver_id)

    async def _waiver(self, domain: str, waiver_id: int) -> tuple[Waiver, GateFacts]:
        """A waiver of that domain, and the domain's facts."""
        facts, waiver = await self.verdicts.facts(domain), await self.ledger.waiver(waiver_id)
        require(waiver.domain == domain, f"waiver {waiver_id}", expected=f"one of domain {domain}", got=waiver.domain)
        return waiver, facts


def end_of(text: str) -> datetime:
    """The end of that day in UTC, or that time. Raises UsageError for anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is not None and DAY.fullmatch(text):
        return at.replace(tzinfo=UTC) + timedelta(days=1)
    if at is None or at.tzinfo is None:
        raise UsageError("until", expected="a date like 2026-12-01, or a time with its zone", got=text)
    return at.astimezone(UTC)


def _same(waiver: Waiver, check: str, until: datetime, *, now: datetime) -> bool:
    """Whether a waiver that still waits is the one meant."""
    waits = not waiver.confirmed_by and waiver.ended_at is None and now < waiver.until
    return waits and (waiver.check, waiver.until) == (check, until)


def _standing_check(facts: GateFacts, name: str) -> Check:
    """The check as it is today without any waiver, if it stands in the way; one that passes needs none."""
    history = replace(facts.data.history, waivers=())
    gate = decide(replace(facts, data=replace(facts.data, history=history)))
    found = next((check for check in gate.checks if check.name == name), None)
    if found is None or found.result not in STANDING:
        raise UsageError(
            f"check {name} of domain {gate.domain} needs no waiver",
            expected="one that fails or is inconclusive",
            got=found.result.value if found else "no such check",
        )
    return found


def _told(waiver: Waiver) -> str:
    """A waiver in a few words."""
    return f"waiver {waiver.id} of {waiver.check} until {moment(waiver.until)}"


def _act(action: AuditAction, facts: GateFacts, gate: Gate, actor: Actor, comment: str, *, of: str) -> Act:
    """An act at the time of the facts it rests on."""
    return Act(
        actor=replace(actor, name=actor.name.strip()),
        action=action,
        at=facts.data.now,
        domain=gate.domain,
        verdict=gate.verdict.value,
        evidence_digest=gate.evidence_digest or "",
        comment=f"{of}: {comment}",
    )
