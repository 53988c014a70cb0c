"""Who may say yes, to what and when; and that a word given is kept once, for the evidence it was given on."""

import asyncio
from datetime import timedelta

import pytest

from reconciler.app.approvals import Approvals
from reconciler.core.access import Actor, Means, Role
from reconciler.core.audit import Act, AuditAction
from reconciler.core.gate import GateVerdict
from reconciler.core.history import Decision
from reconciler.core.model import RunStatus
from reconciler.errors import EvidenceMoved, NotFound, ReconcilerError, UsageError
from tests.unit.app_gate_world import Ledgers, SetClock, some_ledgers, some_verdicts
from tests.unit.gate_world import a_run, at

pytestmark = pytest.mark.unit

OTHER = f"sha256:{'0' * 64}"


@pytest.fixture
def ledgers() -> Ledgers:
    return some_ledgers()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def approvals(ledgers: Ledgers, clock: SetClock) -> Approvals:
    return Approvals(verdicts=some_verdicts(ledgers, clock=clock), ledger=ledgers)


def who(name: str, role: Role = Role.APPROVER) -> Actor:
    return Actor(name=name, role=role, means=Means.TOKEN)


async def today(approvals: Approvals) -> str:
    """The evidence of auth as of now."""
    return (await approvals.verdicts.gate("auth")).evidence_digest or ""


async def verdict(approvals: Approvals) -> GateVerdict:
    return (await approvals.verdicts.gate("auth")).verdict


async def approve(approvals: Approvals, *, digest: str = "", actor: str = "m.ortiz", comment: str = "read") -> Decision:
    named = digest or await today(approvals)
    return await approvals.approve("auth", evidence_digest=named, actor=who(actor), comment=comment)


async def test_an_approval_turns_ready_into_go(approvals: Approvals) -> None:
    assert await verdict(approvals) is GateVerdict.READY
    decision = await approve(approvals, actor=" m.ortiz ", comment=" read ")
    assert (decision.action, decision.actor, decision.comment, decision.at) == ("approve", "m.ortiz", "read", at(100))
    assert await verdict(approvals) is GateVerdict.GO


async def test_an_approval_lapses_with_its_time(approvals: Approvals, ledgers: Ledgers, clock: SetClock) -> None:
    await approve(approvals)
    clock.hours = 121.9
    assert await verdict(approvals) is GateVerdict.GO
    clock.hours = 124
    assert await verdict(approvals) is GateVerdict.HOLD
    ledgers.bend("auth", runs=(a_run(6, hours=120, domain="auth"), *ledgers.kept["auth"].runs))
    assert await verdict(approvals) is GateVerdict.READY


async def test_evidence_that_moved_is_refused_and_both_are_named(approvals: Approvals, ledgers: Ledgers) -> None:
    seen = await today(approvals)
    ledgers.bend("auth", runs=(a_run(6, hours=99, domain="auth"), *ledgers.kept["auth"].runs))
    with pytest.raises(EvidenceMoved) as told:
        await approve(approvals, digest=seen)
    assert (told.value.expected, told.value.got) == (await today(approvals), seen)
    assert ledgers.kept["auth"].decisions == ()


SHUT: dict[str, dict[str, object]] = {
    "an open diff": {"open_confirmed": 1},
    "a failed run": {"runs": (a_run(6, hours=99, domain="auth", status=RunStatus.FAILED, entities=()),)},
    "a soak that has begun": {"last_diff_at": at(30)},
    "no rehearsal": {"rehearsals": ()},
}


@pytest.mark.parametrize("case", SHUT)
async def test_only_a_gate_that_waits_for_people_can_be_approved(
    approvals: Approvals, ledgers: Ledgers, case: str
) -> None:
    ledgers.bend("auth", **SHUT[case])
    with pytest.raises(UsageError, match="cannot be approved while its gate is"):
        await approve(approvals)
    assert ledgers.kept["auth"].decisions == ()


async def test_the_checks_that_stand_in_the_way_are_named(approvals: Approvals, ledgers: Ledgers) -> None:
    ledgers.bend("auth", open_confirmed=1, rehearsals=())
    with pytest.raises(UsageError) as told:
        await approve(approvals)
    assert told.value.got == "open_diffs fail, rollback_plan fail"


async def test_double_clicks_and_replays_make_one_approval(approvals: Approvals, ledgers: Ledgers) -> None:
    first, *others = [await approve(approvals) for _ in range(3)]
    assert others == [first, first]
    assert await approve(approvals, actor="M.Ortiz") == first
    assert ledgers.kept["auth"].decisions == (first,)


async def test_two_people_at_once_both_count(approvals: Approvals, ledgers: Ledgers) -> None:
    await asyncio.gather(*(approve(approvals, actor=actor) for actor in ("m.ortiz", "k.noor")))
    assert {one.actor for one in ledgers.kept["auth"].decisions} == {"m.ortiz", "k.noor"}


async def test_an_approval_can_be_given_anew_when_it_has_lapsed(
    approvals: Approvals, ledgers: Ledgers, clock: SetClock
) -> None:
    policies = [domain.policy for domain in approvals.verdicts.system.domains]
    assert {policy.approval_ttl for policy in policies} == {timedelta(hours=24)}
    given = Act(
        actor=who("m.ortiz"),
        action=AuditAction.APPROVE,
        at=at(75),
        domain="auth",
        evidence_digest=await today(approvals),
        comment="-",
    )
    await approvals.ledger.decide(given, follows=0)
    assert (await approve(approvals)).at == at(100)


async def test_a_rejection_keeps_the_gate_shut_until_it_is_taken_back(approvals: Approvals) -> None:
    digest = await today(approvals)
    await approve(approvals, actor="k.noor")
    await approvals.reject("auth", evidence_digest=digest, actor=who("m.ortiz"), comment="K-9 is not understood")
    assert await verdict(approvals) is GateVerdict.NO_GO
    with pytest.raises(UsageError, match="cannot be approved"):
        await approve(approvals)
    await approvals.revoke("auth", evidence_digest=digest, actor=who("m.ortiz"), comment="it is now")
    assert await verdict(approvals) is GateVerdict.READY
    await approve(approvals)
    assert await verdict(approvals) is GateVerdict.GO


async def test_a_rejection_is_of_todays_evidence(approvals: Approvals) -> None:
    with pytest.raises(EvidenceMoved):
        await approvals.reject("auth", evidence_digest=OTHER, actor=who("m.ortiz"), comment="no")


async def test_a_rejection_may_come_at_any_time_there_is_evidence(approvals: Approvals, ledgers: Ledgers) -> None:
    ledgers.bend("auth", open_confirmed=1)
    no = await approvals.reject("auth", evidence_digest=await today(approvals), actor=who("m.ortiz"), comment="no")
    assert no.action == "reject"


async def test_an_approval_can_be_revoked_by_anyone_also_on_other_evidence(approvals: Approvals) -> None:
    await approve(approvals)
    await approvals.revoke("auth", evidence_digest=OTHER, actor=who("k.noor"), comment="not tonight")
    assert await verdict(approvals) is GateVerdict.READY


async def test_there_must_be_something_to_revoke_and_a_digest_to_name(approvals: Approvals) -> None:
    with pytest.raises(UsageError, match="nothing to revoke"):
        await approvals.revoke("auth", evidence_digest=OTHER, actor=who("m.ortiz"), comment="no")
    await approve(approvals)
    with pytest.raises(UsageError, match="64 hex digits"):
        await approvals.revoke("auth", evidence_digest="latest", actor=who("m.ortiz"), comment="no")


@pytest.mark.parametrize("act", ["approve", "reject"])
async def test_without_a_run_there_is_nothing_to_decide_on(approvals: Approvals, ledgers: Ledgers, act: str) -> None:
    ledgers.bend("auth", runs=())
    with pytest.raises(UsageError, match="has no evidence to decide on"):
        await getattr(approvals, act)("auth", evidence_digest=OTHER, actor=who("m.ortiz"), comment="-")


@pytest.mark.parametrize("act", ["approve", "reject", "revoke"])
@pytest.mark.parametrize(("actor", "comment"), [(" ", "read"), ("m.ortiz", " \n")])
async def test_a_decision_has_a_name_and_a_reason(approvals: Approvals, act: str, actor: str, comment: str) -> None:
    await approve(approvals, actor="k.noor")
    digest = await today(approvals)
    with pytest.raises(UsageError, match="an empty one"):
        await getattr(approvals, act)("auth", evidence_digest=digest, actor=who(actor), comment=comment)


@pytest.mark.parametrize("act", ["approve", "reject", "revoke"])
async def test_a_domain_that_does_not_exist_cannot_be_decided_on(approvals: Approvals, act: str) -> None:
    with pytest.raises(NotFound):
        await getattr(approvals, act)("nowhere", evidence_digest=OTHER, actor=who("m.ortiz"), comment="-")


async def test_a_domain_without_a_target_side_cannot_be_approved(approvals: Approvals) -> None:
    with pytest.raises(UsageError, match="has no evidence to decide on"):
        await approvals.approve("chat", evidence_digest=OTHER, actor=who("m.ortiz"), comment="-")


async def test_a_group_is_approved_domain_by_domain_and_goes_when_the_last_one_is(approvals: Approvals) -> None:
    for name, after in (("category", GateVerdict.READY), ("review", GateVerdict.GO)):
        gate = await approvals.verdicts.gate(name)
        await approvals.approve(name, evidence_digest=gate.evidence_digest or "", actor=who("m.ortiz"), comment="-")
        assert {one.verdict for one in await approvals.verdicts.gates(["category", "review"])} == {after}


async def test_a_rehearsal_is_recorded_and_opens_the_way(approvals: Approvals, ledgers: Ledgers) -> None:
    ledgers.bend("auth", rehearsals=())
    assert await verdict(approvals) is GateVerdict.NO_GO
    rehearsal = await approvals.rehearse("auth", minutes=4, actor=who(" s.lee"), comment="in staging ")
    assert (rehearsal.minutes, rehearsal.actor, rehearsal.comment, rehearsal.at) == (4, "s.lee", "in staging", at(100))
    assert await verdict(approvals) is GateVerdict.READY


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf")])
async def test_a_rehearsal_took_some_time(approvals: Approvals, minutes: float) -> None:
    with pytest.raises(UsageError, match="a number above 0"):
        await approvals.rehearse("auth", minutes=minutes, actor=who("s.lee"), comment="-")


async def test_what_cannot_be_rolled_back_cannot_be_rehearsed(ledgers: Ledgers) -> None:
    unwritten = Approvals(verdicts=some_verdicts(ledgers, plans={}), ledger=ledgers)
    with pytest.raises(UsageError, match="a written rollback plan"):
        await unwritten.rehearse("auth", minutes=4, actor=who("s.lee"), comment="-")
    with pytest.raises(UsageError, match="a live flag"):
        await unwritten.rehearse("chat", minutes=4, actor=who("s.lee"), comment="-")
    with pytest.raises(ReconcilerError, match="an empty one"):
        await unwritten.rehearse("auth", minutes=4, actor=who("s.lee"), comment="")
