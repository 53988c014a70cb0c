"""What people decide about a domain: ask, approve, reject, revoke on today's evidence; rehearsals of the way back."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.app.acting import require, signed
from reconciler.app.ports import Ledger
from reconciler.app.verdicts import Verdicts
from reconciler.core.access import SERVICE, Actor, Right
from reconciler.core.approval_checks import follows, in_time, partial_to, person, valid_approvals
from reconciler.core.audit import Act, AuditAction
from reconciler.core.evidence_changes import what_changed
from reconciler.core.gate import Action, CheckResult, Gate, GateFacts, GateVerdict, decide
from reconciler.core.history import Decision, Rehearsal
from reconciler.core.wording import span
from reconciler.errors import AccessDenied, EvidenceMoved, NotFound, UsageError

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
STANDING = (CheckResult.FAIL, CheckResult.INCONCLUSIVE, CheckResult.PENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """Records decisions. A decision counts for the evidence it names, so one that loses a race is void, not wrong.

    What takes a `comment` raises AccessDenied where the actor has not the right, NotFound where there is no such
    domain, and UsageError where a text is empty.
    """

    verdicts: Verdicts
    ledger: Ledger

    async def request(self, domain: str, *, evidence_digest: str, actor: Actor, comment: str) -> Decision:
        """Asks for an approval of today's evidence. Raises EvidenceMoved, and UsageError where there is none."""
        comment = signed(actor, comment, right=Right.OPERATE)
        facts = await self.verdicts.facts(domain)
        gate = _gate_on(facts, evidence_digest=evidence_digest)
        return await self.ledger.decide(_act(AuditAction.REQUEST, facts, gate, actor, comment), evidence=gate.evidence)

    async def approve(self, domain: str, *, evidence_digest: str, actor: Actor, comment: str) -> Decision:
        """Approves the flip on this evidence; a person's approval that already stands is answered again, not doubled.

        Raises EvidenceMoved where the digest is not today's, UsageError where a check other than approvals does not
        pass, AccessDenied where four eyes are asked for and the actor asked for it or answers for the configuration.
        """
        comment = signed(actor, comment, right=Right.APPROVE)
        facts = await self.verdicts.facts(domain)
        gate = _gate_on(facts, evidence_digest=evidence_digest)
        _require_other_eyes(facts, actor, digest=evidence_digest)
        if gate.verdict not in (GateVerdict.READY, GateVerdict.GO):
            raise UsageError(
                f"domain {domain} cannot be approved while its gate is {gate.verdict.value}",
                expected="every check but approvals to pass",
                got=_standing(gate),
                next_step=gate.next_step,
            )
        valid = valid_approvals(facts, digest=evidence_digest)
        standing = (one for one in valid if person(one.actor) == person(actor.name))
        after = follows(facts, digest=evidence_digest, actor=actor.name)
        act = _act(AuditAction.APPROVE, facts, gate, actor, comment)
        return next(standing, None) or await self.ledger.decide(act, evidence=gate.evidence, follows=after)

    async def reject(self, domain: str, *, evidence_digest: str, actor: Actor, comment: str) -> Decision:
        """Says no to this evidence: the gate stays shut until the person takes it back or the evidence changes.

        Raises EvidenceMoved, and UsageError where there is no evidence.
        """
        comment = signed(actor, comment, right=Right.APPROVE)
        facts = await self.verdicts.facts(domain)
        gate = _gate_on(facts, evidence_digest=evidence_digest)
        return await self.ledger.decide(_act(AuditAction.REJECT, facts, gate, actor, comment), evidence=gate.evidence)

    async def revoke(self, domain: str, *, evidence_digest: str, actor: Actor, comment: str) -> Decision:
        """Voids every approval of the domain so far, whoever gave it, and takes back the person's own rejection.

        The evidence may have moved: shutting a gate must always be possible. Raises UsageError where nothing was
        decided or the digest is none.
        """
        comment = signed(actor, comment, right=Right.APPROVE)
        facts = await self.verdicts.facts(domain)
        require(
            DIGEST.fullmatch(evidence_digest), "evidence", expected="sha256: and 64 hex digits", got=evidence_digest
        )
        words = (Action.APPROVE, Action.REJECT)
        decided = [one for one in facts.data.history.decisions if Action(one.action) in words]
        require(decided, f"domain {domain}: nothing to revoke", expected="an approval or a rejection", got="none")
        gate = decide(facts)
        act = _act(AuditAction.REVOKE, facts, gate, actor, comment, digest=evidence_digest)
        return await self.ledger.decide(act, evidence=gate.evidence if gate.evidence_digest == evidence_digest else "")

    async def rehearse(self, domain: str, *, minutes: float, actor: Actor, comment: str) -> Rehearsal:
        """Records that the domain's rollback plan was walked, and how long it took.

        Raises UsageError where there is no live flag or no plan, or `minutes` is not above 0.
        """
        comment = signed(actor, comment, right=Right.OPERATE)
        facts = await self.verdicts.facts(domain)
        sane = math.isfinite(minutes) and minutes > 0
        require(sane, "minutes", expected="a number above 0", got=str(minutes))
        require(facts.data.spec.rollback, f"domain {domain}", expected="a live flag to turn back", got="none")
        require(facts.plan, f"domain {domain}", expected="a written rollback plan to rehearse", got="none")
        name, at = actor.name.strip(), self.verdicts.clock.now()
        rehearsal = Rehearsal(domain=domain, minutes=minutes, comment=comment, actor=name, at=at)
        told = _act(AuditAction.REHEARSE, facts, decide(facts), actor, f"{minutes:g} min: {comment}")
        await self.ledger.rehearse(rehearsal, act=told)
        return rehearsal

    async def note_lapses(self) -> int:
        """Notes, once each, the approvals that have lapsed by themselves; how many that were.

        An approval noted here stays void, also when the evidence comes back to what it was.
        """
        noted = 0
        for facts in await self.verdicts.all_facts():
            gate = decide(facts)
            for approval in _unrevoked(facts):
                why = _why_void(approval, facts, gate, frozen=await self._frozen(approval))
                if why:
                    act = _act(AuditAction.VOID, facts, gate, SERVICE, f"approval by {approval.actor}: {why}")
                    noted += await self.ledger.lapse(act, decision_id=approval.id)
        return noted

    async def _frozen(self, approval: Decision) -> str:
        """The evidence that an approval was given on; empty where it was given before evidence was kept."""
        try:
            return await self.ledger.evidence(approval.evidence_digest)
        except NotFound:
            return ""


def _act(action: AuditAction, facts: GateFacts, gate: Gate, actor: Actor, comment: str, *, digest: str = "") -> Act:
    """An act at the time of the facts it rests on."""
    return Act(
        actor=replace(actor, name=actor.name.strip()),
        action=action,
        at=facts.data.now,
        domain=gate.domain,
        verdict=gate.verdict.value,
        evidence_digest=digest or gate.evidence_digest or "",
        comment=comment,
    )


def _gate_on(facts: GateFacts, *, evidence_digest: str) -> Gate:
    """Today's gate, if today's evidence is the evidence named."""
    gate = decide(facts)
    require(
        gate.evidence_digest,
        f"domain {gate.domain} has no evidence to decide on",
        expected="a run that has ended",
        got=gate.verdict.value,
        next_step=gate.next_step,
    )
    if gate.evidence_digest != evidence_digest:
        raise EvidenceMoved(
            f"the evidence of domain {gate.domain} is not the evidence you named",
            expected=gate.evidence_digest or "",
            got=evidence_digest,
            next_step=f"read `reconciler gate {gate.domain}` and decide on what it says now",
        )
    return gate


def _require_other_eyes(facts: GateFacts, actor: Actor, *, digest: str) -> None:
    """Under four eyes nobody approves what they asked for or whose configuration they answer for."""
    if person(actor.name) in partial_to(facts, digest=digest):
        raise AccessDenied(
            f"{actor.name} may not approve domain {facts.data.spec.name}",
            expected="somebody who neither asked for this approval nor answers for its configuration",
            got="one who did (gate.four_eyes is on)",
            next_step="ask another approver",
        )


def _unrevoked(facts: GateFacts) -> Iterator[Decision]:
    """The approvals that nobody revoked and that were not noted as void."""
    decisions = facts.data.history.decisions
    revoked = max((one.id for one in decisions if Action(one.action) is Action.REVOKE), default=0)
    return (one for one in decisions if Action(one.action) is Action.APPROVE and one.id > revoked and not one.voided)


def _why_void(approval: Decision, facts: GateFacts, gate: Gate, *, frozen: str) -> str:
    """Why an approval no longer holds, in words; empty where it does."""
    if approval.evidence_digest != gate.evidence_digest:
        return "; ".join(what_changed(frozen, gate.evidence)) if frozen else "the evidence changed"
    if approval.at > facts.data.now:
        return "the clock went backwards"
    if not in_time(approval, facts):
        return f"{span(facts.data.spec.policy.approval_ttl)} have passed"
    scan = next(check for check in gate.checks if check.name == "last_scan")
    return "" if scan.result is CheckResult.PASS else f"a scan was missed: {scan.measured}"


def _standing(gate: Gate) -> str:
    """The checks that stand in the way, approvals left out."""
    checks = (check for check in gate.checks if check.result in STANDING and check.name != "approvals")
    named = ", ".join(f"{check.name} {check.result.value}" for check in checks)
    return named or f"a gate that is {gate.verdict.value}"
