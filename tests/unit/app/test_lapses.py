"""Approvals lapse by themselves with a reason that is noted once; four eyes leave out who asked and who configured."""

from dataclasses import replace

import pytest

from reconciler.app.approvals import Approvals
from reconciler.core.access import Actor, Means, Role
from reconciler.core.audit import AuditAction
from reconciler.core.evidence import digest_of
from reconciler.core.gate import GateVerdict
from reconciler.core.history import Decision
from reconciler.core.spec import GatePolicy
from reconciler.errors import AccessDenied
from tests.unit.app_gate_world import Ledgers, SetClock, some_ledgers, some_verdicts
from tests.unit.gate_world import a_run, at

pytestmark = pytest.mark.unit


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


async def verdict(approvals: Approvals) -> GateVerdict:
    return (await approvals.verdicts.gate("auth")).verdict


async def approve(approvals: Approvals, actor: str = "m.ortiz") -> Decision:
    digest = (await approvals.verdicts.gate("auth")).evidence_digest or ""
    return await approvals.approve("auth", evidence_digest=digest, actor=who(actor), comment="read")


def voids(ledgers: Ledgers) -> list[str]:
    return [act.comment for act in ledgers.acts if act.action is AuditAction.VOID]


async def test_an_act_is_noted_with_each_decision_and_the_evidence_is_kept(
    approvals: Approvals, ledgers: Ledgers
) -> None:
    decision = await approve(approvals)
    (act,) = ledgers.acts
    assert (act.action, act.verdict, act.evidence_digest) == (AuditAction.APPROVE, "ready", decision.evidence_digest)
    assert digest_of(ledgers.frozen[decision.evidence_digest]) == decision.evidence_digest


async def test_what_holds_does_not_lapse(approvals: Approvals, ledgers: Ledgers) -> None:
    await approve(approvals)
    assert await approvals.note_lapses() == 0
    assert voids(ledgers) == []
    assert await verdict(approvals) is GateVerdict.GO


async def test_a_lapse_is_noted_once_and_says_why(approvals: Approvals, ledgers: Ledgers) -> None:
    await approve(approvals)
    before = ledgers.kept["auth"].runs
    ledgers.bend("auth", runs=(a_run(6, hours=99.2, domain="auth"), *before))
    assert [await approvals.note_lapses() for _ in range(2)] == [1, 0]
    assert voids(ledgers) == ["approval by m.ortiz: the newest scan is run 6 and was run 5"]


async def test_what_lapsed_stays_void_when_the_evidence_comes_back(approvals: Approvals, ledgers: Ledgers) -> None:
    await approve(approvals)
    ledgers.bend("auth", open_confirmed=1)
    await approvals.note_lapses()
    ledgers.bend("auth", open_confirmed=0)
    assert await verdict(approvals) is GateVerdict.READY
    await approve(approvals)
    assert await verdict(approvals) is GateVerdict.GO
    assert voids(ledgers) == ["approval by m.ortiz: open differences went from 0 to 1"]


@pytest.mark.parametrize(
    ("hours", "why"),
    [
        (121.9, ""),
        (123.5, "a scan was missed: started 27 h 30 min ago"),
        (124.5, "24 h have passed"),
        (98, "backwards"),
    ],
)
async def test_time_and_the_clock_void_an_approval(
    approvals: Approvals, ledgers: Ledgers, clock: SetClock, hours: float, why: str
) -> None:
    await approve(approvals)
    clock.hours = hours
    assert await approvals.note_lapses() == bool(why)
    assert [why in told for told in voids(ledgers)] == [True] * bool(why)


async def test_a_revoked_approval_does_not_lapse_as_well(approvals: Approvals, ledgers: Ledgers) -> None:
    decision = await approve(approvals)
    await approvals.revoke("auth", evidence_digest=decision.evidence_digest, actor=who("k.noor"), comment="no")
    ledgers.bend("auth", open_confirmed=1)
    assert await approvals.note_lapses() == 0


async def test_a_request_is_kept_and_decides_nothing(approvals: Approvals, ledgers: Ledgers) -> None:
    digest = (await approvals.verdicts.gate("auth")).evidence_digest or ""
    asked = await approvals.request(
        "auth", evidence_digest=digest, actor=who("s.lee", Role.OPERATOR), comment="tonight, please"
    )
    assert asked.action == "request"
    assert await verdict(approvals) is GateVerdict.READY
    assert [act.action for act in ledgers.acts] == [AuditAction.REQUEST]


def four_eyed(ledgers: Ledgers) -> Approvals:
    verdicts = some_verdicts(ledgers)
    policy = GatePolicy(four_eyes=True)
    domains = tuple(replace(domain, policy=policy) for domain in verdicts.system.domains)
    return Approvals(verdicts=replace(verdicts, system=replace(verdicts.system, domains=domains)), ledger=ledgers)


async def test_under_four_eyes_nobody_approves_what_they_asked_for_or_configured(ledgers: Ledgers) -> None:
    approvals = four_eyed(ledgers)
    digest = (await approvals.verdicts.gate("auth")).evidence_digest or ""
    await approvals.request("auth", evidence_digest=digest, actor=who("s.lee"), comment="please")
    ledgers.bend("auth", configured_by="K.Noor")
    for name in ("S.Lee", "k.noor"):
        with pytest.raises(AccessDenied, match="four_eyes is on"):
            await approve(approvals, name)
    await approve(approvals)
    assert await verdict(approvals) is GateVerdict.GO


async def test_under_four_eyes_who_asks_afterwards_takes_the_own_approval_back(ledgers: Ledgers) -> None:
    approvals = four_eyed(ledgers)
    ledgers.bend("auth", configured_by="k.noor")
    decision = await approve(approvals)
    assert await verdict(approvals) is GateVerdict.GO
    await approvals.request("auth", evidence_digest=decision.evidence_digest, actor=who("m.ortiz"), comment="please")
    assert await verdict(approvals) is GateVerdict.READY


@pytest.mark.parametrize("act", ["approve", "reject", "revoke"])
async def test_a_role_without_the_right_decides_nothing(approvals: Approvals, ledgers: Ledgers, act: str) -> None:
    decision = await approve(approvals)
    with pytest.raises(AccessDenied, match="the right to approve"):
        await getattr(approvals, act)(
            "auth", evidence_digest=decision.evidence_digest, actor=who("o.perez", Role.OPERATOR), comment="-"
        )
    assert len(ledgers.acts) == 1


async def test_a_broken_audit_log_holds_every_gate(approvals: Approvals, ledgers: Ledgers) -> None:
    await approve(approvals)
    ledgers.chain = replace(ledgers.chain, trouble="entry 7 was changed after it was written")
    gate = await approvals.verdicts.gate("auth")
    assert gate.verdict is GateVerdict.HOLD
    assert "entry 7 was changed" in gate.reason
    assert at(100) == approvals.verdicts.clock.now()
