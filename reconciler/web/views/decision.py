"""The decision panel of a domain: what whoever looks may do now, and in words why not."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.access import Actor, Right
from reconciler.core.approval_checks import (
    partial_to,
    person,
    rejections,
    standing_request,
    unanswered,
    valid_approvals,
)
from reconciler.core.gate import Action, CheckResult, Gate, GateFacts, GateVerdict, Reads
from reconciler.core.history import Decision, Waiver
from reconciler.core.waiver_checks import WAIVABLE, confirmed, in_force, in_force_now

APPROVABLE = (GateVerdict.READY, GateVerdict.GO)
STANDING = (CheckResult.FAIL, CheckResult.INCONCLUSIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRow:
    """A waiver, how it stands, and whether whoever looks may confirm it."""

    waiver: Waiver
    state: str
    may_confirm: bool
    may_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Empty reasons mean that the act is open. `recordable` is the position of the flag that can be recorded.

    `unanswered`: four eyes wait for somebody to answer for the configuration; `answerable`: whoever looks can.
    """

    digest: str
    no_approval: str
    no_rejection: str
    no_request: str
    can_revoke: bool
    request: Decision | None
    approvals: tuple[Decision, ...]
    acknowledge: tuple[Waiver, ...]
    waivers: tuple[WaiverRow, ...]
    waivable: tuple[str, ...]
    recordable: str
    unanswered: bool
    answerable: bool


def panel(facts: GateFacts, gate: Gate, actor: Actor) -> Panel:
    """The panel as this actor sees it."""
    digest, history = gate.evidence_digest or "", facts.data.history
    decided = [one for one in history.decisions if Action(one.action) in (Action.APPROVE, Action.REJECT)]
    may_approve = actor.may(Right.APPROVE)
    standing = sorted(check.name for check in gate.checks if check.result in STANDING and check.name in WAIVABLE)
    return Panel(
        digest=digest,
        no_approval=_no_approval(facts, gate, actor),
        no_rejection=_right(actor, Right.APPROVE) or ("" if digest else "There is no evidence yet."),
        no_request=_right(actor, Right.OPERATE) or ("" if digest else "There is no evidence yet."),
        can_revoke=may_approve and bool(decided),
        request=standing_request(facts, digest=digest),
        approvals=valid_approvals(facts, digest=digest),
        acknowledge=in_force_now(facts),
        waivers=_waivers(facts, actor),
        waivable=tuple(standing) if may_approve else (),
        recordable=_recordable(facts) if actor.may(Right.OPERATE) else "",
        unanswered=unanswered(facts),
        answerable=unanswered(facts) and actor.may(Right.OPERATE),
    )


def waits_for(facts: GateFacts, gate: Gate, actor: Actor) -> bool:
    """Whether the domain waits for this actor: it can be approved, is not yet, and nothing keeps them from it."""
    return gate.verdict is GateVerdict.READY and not _no_approval(facts, gate, actor)


def _no_approval(facts: GateFacts, gate: Gate, actor: Actor) -> str:
    """Why this actor can't approve now; empty where they can."""
    digest = gate.evidence_digest or ""
    if reason := _right(actor, Right.APPROVE):
        return reason
    if person(actor.name) in partial_to(facts, digest=digest):
        return "You asked for this approval or answer for the configuration: somebody else has to approve."
    if any(person(one.actor) == person(actor.name) for one in valid_approvals(facts, digest=digest)):
        return "You have approved this evidence already."
    if rejections(facts, digest=digest):
        return "It was rejected; who rejected it can revoke that."
    return "" if gate.verdict in APPROVABLE else f"The gate is {gate.verdict.value.replace('_', ' ')}."


def _right(actor: Actor, right: Right) -> str:
    """That the role does not carry the right; empty where it does."""
    return (
        "" if actor.may(right) else f"This takes a role with the right to {right.value}; yours is {actor.role.value}."
    )


def _waivers(facts: GateFacts, actor: Actor) -> tuple[WaiverRow, ...]:
    """Waivers, the newest first."""
    may, rows = actor.may(Right.APPROVE), []
    for one in sorted(facts.data.history.waivers, key=lambda waiver: waiver.id, reverse=True):
        over = one.ended_at is not None or one.until <= facts.data.now
        waits = not over and not confirmed(one)
        other = person(one.asked_by) != person(actor.name)
        state = _state(one, facts)
        rows.append(WaiverRow(waiver=one, state=state, may_confirm=may and waits and other, may_end=may and not over))
    return tuple(rows)


def _state(waiver: Waiver, facts: GateFacts) -> str:
    """How a waiver stands, in words."""
    if waiver.ended_at is not None:
        return f"ended by {waiver.ended_by}"
    if waiver.until <= facts.data.now:
        return "over"
    return "in force" if in_force(waiver, now=facts.data.now) else "waits for a second person"


def _recordable(facts: GateFacts) -> str:
    """Where the flag can be recorded to be now: the other side of where it is known to be."""
    if not facts.data.spec.flip:
        return ""
    known = facts.flag.reads if facts.flag else None
    return Reads.MONGO.value if known is Reads.POSTGRES else Reads.POSTGRES.value


def newest_first(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Decisions, the newest first."""
    return tuple(sorted(decisions, key=lambda one: one.id, reverse=True))
