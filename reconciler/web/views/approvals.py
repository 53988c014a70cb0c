"""What waits for whom: domains that are ready, waivers that one person asked for, and every decision with its worth."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.access import Actor, Right
from reconciler.core.approval_checks import person, rejections, standing_request, valid_approvals
from reconciler.core.gate import Action, Gate, GateFacts, GateVerdict, decide
from reconciler.core.history import Decision, Waiver
from reconciler.core.waiver_checks import confirmed
from reconciler.web.views.decision import waits_for
from reconciler.web.words import GATE, Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A domain that waits for approvals, who asked for it, and how many it has."""

    gate: Gate
    word: Word
    title: str
    request: Decision | None
    given: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A decision and what it is worth today."""

    decision: Decision
    today: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The page; `mine` is what waits for whoever looks."""

    mine: tuple[Waiting, ...]
    others: tuple[Waiting, ...]
    my_waivers: tuple[Waiver, ...]
    other_waivers: tuple[Waiver, ...]
    log: tuple[Logged, ...]


def board(facts: Sequence[GateFacts], actor: Actor) -> Board:
    """Every domain as this actor sees it."""
    gates = [(one, decide(one)) for one in facts]
    ready = [(one, gate) for one, gate in gates if gate.verdict is GateVerdict.READY]
    mine = tuple(_waiting(one, gate) for one, gate in ready if waits_for(one, gate, actor))
    others = tuple(_waiting(one, gate) for one, gate in ready if not waits_for(one, gate, actor))
    waivers = [waiver for one in facts for waiver in one.data.history.waivers if _waits(waiver, one)]
    may = actor.may(Right.APPROVE)
    my_waivers = tuple(one for one in waivers if may and person(one.asked_by) != person(actor.name))
    decisions = [(decision, one) for one in facts for decision in one.data.history.decisions]
    newest = sorted(decisions, key=lambda pair: pair[0].id, reverse=True)
    return Board(
        mine=mine,
        others=others,
        my_waivers=my_waivers,
        other_waivers=tuple(one for one in waivers if one not in my_waivers),
        log=tuple(Logged(decision=decision, today=worth(decision, one)) for decision, one in newest),
    )


def worth(decision: Decision, facts: GateFacts) -> str:
    """`holds`, why it is void, or `done` for what did its work when it was made."""
    if Action(decision.action) in (Action.REVOKE, Action.REQUEST):
        return "done"
    if decision.voided:
        return f"void: {decision.voided}"
    digest = decide(facts).evidence_digest
    holding = (*valid_approvals(facts, digest=digest), *rejections(facts, digest=digest))
    return "holds" if decision.id in {one.id for one in holding} else "void"


def _waiting(facts: GateFacts, gate: Gate) -> Waiting:
    """A domain that waits for people."""
    digest = gate.evidence_digest
    return Waiting(
        gate=gate,
        word=GATE[gate.verdict],
        title=facts.data.spec.title,
        request=standing_request(facts, digest=digest),
        given=len(valid_approvals(facts, digest=digest)),
        needed=facts.data.spec.policy.approvals,
    )


def _waits(waiver: Waiver, facts: GateFacts) -> bool:
    """Whether a waiver still waits for its second person."""
    return not confirmed(waiver) and waiver.ended_at is None and waiver.until > facts.data.now
