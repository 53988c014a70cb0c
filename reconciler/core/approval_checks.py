"""Who agreed to today's evidence: approvals that hold, rejections that stand, and whom four eyes leave out."""

from datetime import datetime, timedelta
from unicodedata import normalize

from reconciler.core.gate_values import Action, Check, CheckResult, Finding, GateFacts
from reconciler.core.history import Decision
from reconciler.core.wording import listed, number, span


def approvals(facts: GateFacts, *, digest: str | None) -> Finding:
    """Whether enough people agreed to today's evidence, and nobody said no."""
    spec, wanted = facts.data.spec, facts.data.spec.policy.approvals
    valid, refused = valid_approvals(facts, digest=digest), rejections(facts, digest=digest)
    people = listed(tuple(decision.actor for decision in valid))
    again = f"`reconciler approve {spec.name} --comment TEXT --evidence {digest}`"
    measured = f"{number(len(valid))} of {number(wanted)}{f' by {people}' if people else ''}"
    if refused:
        result, measured = CheckResult.FAIL, f"rejected by {listed(tuple(decision.actor for decision in refused))}"
    elif not wanted:
        result, measured = CheckResult.PASS, "none needed"
    elif unanswered(facts):
        result, measured = CheckResult.PENDING, f"{measured}, and nobody answers for the configuration"
        again = f"`reconciler config accept {spec.name} --comment TEXT`, by somebody who will not approve"
    else:
        result = CheckResult.PASS if len(valid) >= wanted else CheckResult.PENDING
    needed = f"{number(wanted)} on today's evidence, each less than {span(spec.policy.approval_ttl)} old"
    withdraw = f"settle the objection, then `reconciler revoke {spec.name} --comment TEXT --evidence {digest}`"
    check = Check(
        name="approvals",
        result=result,
        measured=measured,
        needed=f"{needed}{_others(facts)}",
        since=max((decision.at for decision in (*refused, *valid)), default=None),
        evidence=digest or "no evidence yet",
    )
    return Finding(check=check, next_step=withdraw if refused else again)


def valid_approvals(facts: GateFacts, *, digest: str | None) -> tuple[Decision, ...]:
    """The approvals that hold now, one for each person: on this digest, in time, never void and not revoked since."""
    last_revoked = max(
        (one.id for one in facts.data.history.decisions if Action(one.action) is Action.REVOKE), default=0
    )
    left_out = partial_to(facts, digest=digest)
    return tuple(
        one
        for one in _latest_by_person(facts)
        if Action(one.action) is Action.APPROVE
        and one.evidence_digest == digest
        and one.id > last_revoked
        and not one.voided
        and person(one.actor) not in left_out
        and in_time(one, facts)
    )


def in_time(approval: Decision, facts: GateFacts) -> bool:
    """Whether an approval is neither too old nor of the future."""
    return timedelta(0) <= facts.data.now - approval.at < facts.data.spec.policy.approval_ttl


def rejections(facts: GateFacts, *, digest: str | None) -> tuple[Decision, ...]:
    """The people whose last word on today's evidence is no."""
    latest = _latest_by_person(facts)
    return tuple(one for one in latest if Action(one.action) is Action.REJECT and one.evidence_digest == digest)


def partial_to(facts: GateFacts, *, digest: str | None) -> frozenset[str]:
    """Whose approval does not count under four eyes: who asked for it, and who answers for the configuration."""
    if not facts.data.spec.policy.four_eyes:
        return frozenset()
    asked = (one for one in facts.data.history.decisions if Action(one.action) is Action.REQUEST)
    names = [one.actor for one in asked if one.evidence_digest == digest]
    return frozenset(person(name) for name in (*names, facts.data.history.configured_by) if person(name))


def standing_request(facts: GateFacts, *, digest: str | None) -> Decision | None:
    """The newest request to approve today's evidence."""
    asked = (one for one in facts.data.history.decisions if Action(one.action) is Action.REQUEST)
    return max((one for one in asked if one.evidence_digest == digest), key=lambda one: one.id, default=None)


def follows(facts: GateFacts, *, digest: str, actor: str) -> int:
    """The id of the decision after which the person may approve this evidence anew; 0 where nothing came before.

    Two approvals that follow the same decision are one and the same: a double click, a replay, or a race.
    """
    mine = (
        one.id
        for one in facts.data.history.decisions
        if Action(one.action) is Action.REVOKE or (person(one.actor) == person(actor) and one.evidence_digest == digest)
    )
    return max(mine, default=0)


def person(name: str) -> str:
    """A name as people are told apart: case, spaces and forms of a letter that look alike do not make two of one."""
    return " ".join(normalize("NFKC", normalize("NFKC", name).casefold()).split())


def approved_since(facts: GateFacts, *, digest: str | None) -> datetime | None:
    """When the approval that completed the number asked for was given; None while it is not complete."""
    wanted = facts.data.spec.policy.approvals
    given = sorted((one.at for one in valid_approvals(facts, digest=digest)), reverse=True)
    return given[wanted - 1] if 0 < wanted <= len(given) else None


def unanswered(facts: GateFacts) -> bool:
    """Whether four eyes are asked for and nobody answers for the configuration, so that they can't be told apart."""
    return facts.data.spec.policy.four_eyes and not person(facts.data.history.configured_by)


def _others(facts: GateFacts) -> str:
    """Whom four eyes leave out."""
    if not facts.data.spec.policy.four_eyes:
        return ""
    configured = facts.data.history.configured_by
    named = f" ({configured})" if configured else ""
    return f", by others than who asked for it or answers for the configuration{named}"


def _latest_by_person(facts: GateFacts) -> tuple[Decision, ...]:
    """Each person's last word, whatever it was about; to ask for an approval is no word on it."""
    latest: dict[str, Decision] = {}
    for one in sorted(facts.data.history.decisions, key=lambda decision: decision.id):
        if Action(one.action) is not Action.REQUEST:
            latest[person(one.actor)] = one
    return tuple(latest.values())
