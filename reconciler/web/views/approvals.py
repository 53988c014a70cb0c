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
    """The page; `mine` is what waits for whoever looks, `older` the id below which the log goes on."""

    mine: tuple[Waiting, ...]
    others: tuple[Waiting, ...]
    my_waivers: tuple[Waiver, ...]
    other_waivers: tuple[Waiver, ...]
    log: tuple[Logged, ...]
    older: int | None


def board(facts: Sequence[GateFacts], actor: Actor, *, before: int | None, limit: int) -> Board:
    """Every domain as this actor sees it, and the newest `limit` decisions below the id `before`."""
    gates = [(one, decide(one)) for one in facts]
    ready = [(one, gate) for one, gate in gates if gate.verdict is GateVerdict.READY]
    mine = tuple(_waiting(one, gate) for one, gate in ready if waits_for(one, gate, actor))
    others = tuple(_waiting(one, gate) for one, gate in ready if not waits_for(one, gate, actor))
    waivers = [waiver for one in facts for waiver in one.data.history.waivers if _waits(waiver, one)]
    may = actor.may(Right.APPROVE)
    my_waivers = tuple(one for one in waivers if may and person(one.asked_by) != person(actor.name))
    log, older = _log(gates, before=before, limit=limit)
    return Board(
        mine=mine,
        others=others,
        my_waivers=my_waivers,
        other_waivers=tuple(one for one in waivers if one not in my_waivers),
        log=log,
        older=older,
    )


def _log(
    gates: Sequence[tuple[GateFacts, Gate]], *, before: int | None, limit: int
) -> tuple[tuple[Logged, ...], int | None]:
    """The newest decisions below an id, and the id below which there are more."""
    wanted = [one for facts, _ in gates for one in facts.data.history.decisions if before is None or one.id < before]
    newest = sorted(wanted, key=lambda one: one.id, reverse=True)[: limit + 1]
    shown = newest[:limit]
    holding = {one for facts, gate in gates for one in _holding(facts, gate.evidence_digest)}
    older = shown[-1].id if len(newest) > limit else None
    return tuple(Logged(decision=one, today=_worth(one, one.id in holding)) for one in shown), older


def worth(decision: Decision, facts: GateFacts) -> str:
    """`holds`, why it is void, or `done` for what did its work when it was made."""
    return _worth(decision, decision.id in _holding(facts, decide(facts).evidence_digest))


def _worth(decision: Decision, holds: bool) -> str:  # noqa: FBT001 - says itself
    """What a decision is worth, once it is known whether it still holds."""
    if Action(decision.action) in (Action.REVOKE, Action.REQUEST):
        return "done"
    if decision.voided:
        return f"void: {decision.voided}"
    return "holds" if holds else "void"


def _holding(facts: GateFacts, digest: str | None) -> frozenset[int]:
    """The ids of a domain's decisions that hold on today's evidence."""
    found = (*valid_approvals(facts, digest=digest), *rejections(facts, digest=digest))
    return frozenset(one.id for one in found)


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
