"""What people decide about a domain: approve, reject, revoke on today's evidence, and the record of a rehearsal."""

import math
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reconciler.app.verdicts import Verdicts
from reconciler.core.flip_checks import valid_approvals
from reconciler.core.gate import Action, CheckResult, Gate, GateFacts, GateVerdict, decide
from reconciler.core.history import Decision, Rehearsal
from reconciler.errors import EvidenceMoved, UsageError

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
STANDING = (CheckResult.FAIL, CheckResult.INCONCLUSIVE, CheckResult.PENDING)


class Ledger(Protocol):
    """The part of `ReportStore` that keeps what people decided."""

    async def decide(
        self, *, domain: str, action: str, evidence_digest: str, actor: str, comment: str, at: datetime
    ) -> Decision:
        """As `ReportStore.decide`."""

    async def rehearse(self, rehearsal: Rehearsal) -> None:
        """As `ReportStore.rehearse`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """Records decisions. A decision counts for the evidence it names, so one that loses a race is void, not wrong."""

    verdicts: Verdicts
    ledger: Ledger

    async def approve(self, domain: str, *, evidence_digest: str, actor: str, comment: str) -> Decision:
        """Approves the flip on this evidence; a person's approval that already stands is answered again, not doubled.

        Raises NotFound, EvidenceMoved where the digest is not today's, UsageError where a check other than approvals
        does not pass or a text is empty.
        """
        facts = await self.verdicts.facts(domain)
        _require_signed(actor=actor, comment=comment)
        gate = _gate_on(facts, evidence_digest=evidence_digest)
        if gate.verdict not in (GateVerdict.READY, GateVerdict.GO):
            raise UsageError(
                f"domain {domain} cannot be approved while its gate is {gate.verdict.value}",
                expected="every check but approvals to pass",
                got=_standing(gate),
                next_step=gate.next_step,
            )
        valid = valid_approvals(facts, digest=evidence_digest)
        standing = (one for one in valid if one.actor.casefold() == actor.strip().casefold())
        return next(standing, None) or await self._note(
            Action.APPROVE, facts, evidence_digest=evidence_digest, actor=actor, comment=comment
        )

    async def reject(self, domain: str, *, evidence_digest: str, actor: str, comment: str) -> Decision:
        """Says no to this evidence: the gate stays shut until the person takes it back or the evidence changes.

        Raises NotFound, EvidenceMoved, and UsageError where there is no evidence or a text is empty.
        """
        facts = await self.verdicts.facts(domain)
        _require_signed(actor=actor, comment=comment)
        _gate_on(facts, evidence_digest=evidence_digest)
        return await self._note(Action.REJECT, facts, evidence_digest=evidence_digest, actor=actor, comment=comment)

    async def revoke(self, domain: str, *, evidence_digest: str, actor: str, comment: str) -> Decision:
        """Voids every approval of the domain so far, whoever gave it, and takes back the person's own rejection.

        The evidence may have moved: shutting a gate must always be possible. Raises NotFound, and UsageError where
        nothing was decided, the digest is none or a text is empty.
        """
        facts = await self.verdicts.facts(domain)
        _require_signed(actor=actor, comment=comment)
        _require(
            DIGEST.fullmatch(evidence_digest), "evidence", expected="sha256: and 64 hex digits", got=evidence_digest
        )
        decided = [one for one in facts.data.history.decisions if Action(one.action) is not Action.REVOKE]
        _require(decided, f"domain {domain}: nothing to revoke", expected="an approval or a rejection", got="none")
        return await self._note(Action.REVOKE, facts, evidence_digest=evidence_digest, actor=actor, comment=comment)

    async def rehearse(self, domain: str, *, minutes: float, actor: str, comment: str) -> Rehearsal:
        """Records that the domain's rollback plan was walked, and how long it took.

        Raises NotFound, and UsageError where there is no live flag or no plan, `minutes` is not above 0 or a text is
        empty.
        """
        facts = await self.verdicts.facts(domain)
        _require_signed(actor=actor, comment=comment)
        sane = math.isfinite(minutes) and minutes > 0
        _require(sane, "minutes", expected="a number above 0", got=str(minutes))
        _require(facts.data.spec.rollback, f"domain {domain}", expected="a live flag to turn back", got="none")
        _require(facts.plan, f"domain {domain}", expected="a written rollback plan to rehearse", got="none")
        at = self.verdicts.clock.now()
        rehearsal = Rehearsal(domain=domain, minutes=minutes, comment=comment.strip(), actor=actor.strip(), at=at)
        await self.ledger.rehearse(rehearsal)
        return rehearsal

    async def _note(
        self, action: Action, facts: GateFacts, *, evidence_digest: str, actor: str, comment: str
    ) -> Decision:
        """Stores a decision as made at the time of the facts it was made on."""
        return await self.ledger.decide(
            domain=facts.data.spec.name,
            action=action.value,
            evidence_digest=evidence_digest,
            actor=actor.strip(),
            comment=comment.strip(),
            at=facts.data.now,
        )


def _gate_on(facts: GateFacts, *, evidence_digest: str) -> Gate:
    """Today's gate, if today's evidence is the evidence named."""
    gate = decide(facts)
    _require(
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


def _standing(gate: Gate) -> str:
    """The checks that stand in the way, approvals left out."""
    checks = (check for check in gate.checks if check.result in STANDING and check.name != "approvals")
    named = ", ".join(f"{check.name} {check.result.value}" for check in checks)
    return named or f"a gate that is {gate.verdict.value}"


def _require_signed(*, actor: str, comment: str) -> None:
    """A decision has a name under it and a reason."""
    _require(actor.strip(), "actor", expected="the name of a person or machine", got="an empty one")
    _require(comment.strip(), "comment", expected="why, in words", got="an empty one")


def _require(holds: object, message: str, *, expected: str, got: str, next_step: str = "") -> None:
    """Refuses what cannot be recorded."""
    if not holds:
        raise UsageError(message, expected=expected, got=got, next_step=next_step)
