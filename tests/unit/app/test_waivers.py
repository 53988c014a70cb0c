"""Setting a check aside takes two people, a reason and an end; it covers what was wrong then and is never a pass."""

from datetime import datetime, timedelta

import pytest

from reconciler.app.approvals import Approvals
from reconciler.app.waivers import Waivers
from reconciler.core.access import Actor, Means, Role
from reconciler.core.audit import AuditAction
from reconciler.core.gate import CheckResult, Gate, GateVerdict
from reconciler.core.history import Waiver
from reconciler.errors import AccessDenied, Conflict, ReconcilerError, UsageError
from tests.unit.app_gate_world import Ledgers, SetClock, some_ledgers, some_verdicts
from tests.unit.gate_world import a_run, at, check, nightly

pytestmark = pytest.mark.unit

UNTIL = at(110)


@pytest.fixture
def ledgers() -> Ledgers:
    """Five clean nights, and a plan of auth that nobody has rehearsed."""
    made = some_ledgers()
    made.bend("auth", rehearsals=())
    return made


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def waivers(ledgers: Ledgers, clock: SetClock) -> Waivers:
    return Waivers(verdicts=some_verdicts(ledgers, clock=clock), ledger=ledgers)


def who(name: str, role: Role = Role.APPROVER) -> Actor:
    return Actor(name=name, role=role, means=Means.TOKEN)


async def ask(
    waivers: Waivers, name: str = "m.ortiz", *, of: str = "rollback_plan", until: datetime = UNTIL, why: str = "strike"
) -> Waiver:
    return await waivers.waive("auth", check=of, reason=why, until=until, actor=who(name))


async def gate_of(waivers: Waivers) -> Gate:
    return await waivers.verdicts.gate("auth")


async def test_one_person_waives_nothing(waivers: Waivers) -> None:
    asked = await ask(waivers)
    assert (asked.asked_by, asked.confirmed_by, asked.most) == ("m.ortiz", "", 1)
    gate = await gate_of(waivers)
    assert gate.verdict is GateVerdict.NO_GO
    assert check(gate, "waivers_valid").measured == "0 waivers in force; 1 waiver waiting for a second person"


async def test_two_people_set_a_check_aside_and_the_gate_says_so(waivers: Waivers, ledgers: Ledgers) -> None:
    await ask(waivers)
    confirmed = await ask(waivers, "k.noor")
    assert (confirmed.id, confirmed.confirmed_by) == (1, "k.noor")
    gate = await gate_of(waivers)
    assert gate.verdict is GateVerdict.READY
    assert check(gate, "rollback_plan").result is CheckResult.WAIVED
    assert check(gate, "waivers_valid").result is CheckResult.PASS
    approvals = Approvals(verdicts=waivers.verdicts, ledger=ledgers)
    await approvals.approve("auth", evidence_digest=gate.evidence_digest or "", actor=who("m.ortiz"), comment="read")
    gate = await gate_of(waivers)
    assert gate.verdict is GateVerdict.GO
    assert gate.reason.startswith("Every check passes with 1 waiver (rollback plan): ")
    assert gate.valid_until == UNTIL
    assert [act.action for act in ledgers.acts[:2]] == [AuditAction.WAIVE, AuditAction.WAIVER_CONFIRMED]


async def test_asking_twice_is_asking_once(waivers: Waivers, ledgers: Ledgers) -> None:
    assert await ask(waivers) == await ask(waivers)
    assert len(ledgers.acts) == 1


async def test_the_one_who_asked_does_not_confirm(waivers: Waivers) -> None:
    asked = await ask(waivers)
    with pytest.raises(AccessDenied, match="may not confirm"):
        await waivers.confirm("auth", waiver_id=asked.id, actor=who("M.Ortiz "), comment="sure")


async def test_a_waiver_is_confirmed_once(waivers: Waivers) -> None:
    asked = await ask(waivers)
    await waivers.confirm("auth", waiver_id=asked.id, actor=who("k.noor"), comment="sure")
    with pytest.raises(Conflict, match=r"confirmed by k\.noor"):
        await waivers.confirm("auth", waiver_id=asked.id, actor=who("s.lee"), comment="sure")


async def test_when_it_is_over_the_check_counts_again_and_the_waiver_is_told(waivers: Waivers, clock: SetClock) -> None:
    await ask(waivers)
    await ask(waivers, "k.noor")
    clock.hours = 110
    gate = await gate_of(waivers)
    assert check(gate, "rollback_plan").result is CheckResult.FAIL
    assert check(gate, "waivers_valid").result is CheckResult.FAIL
    assert check(gate, "waivers_valid").measured.startswith("waiver 1 of rollback plan ended ")
    with pytest.raises(Conflict, match="one that is over"):
        await waivers.confirm("auth", waiver_id=1, actor=who("s.lee"), comment="late")


async def test_a_waiver_ended_early_no_longer_covers_anything(waivers: Waivers) -> None:
    asked = await ask(waivers)
    await ask(waivers, "k.noor")
    await waivers.end("auth", waiver_id=asked.id, actor=who("s.lee"), comment="rehearsed")
    assert (await gate_of(waivers)).verdict is GateVerdict.NO_GO


async def test_a_waiver_covers_no_more_than_was_wrong_when_it_was_asked_for(waivers: Waivers, ledgers: Ledgers) -> None:
    nights = nightly(0, 24, 48, 72, domain="auth")

    def gaps(count: int | None) -> None:
        ledgers.bend("auth", runs=(a_run(5, hours=96, domain="auth", gaps=count), *nights))

    gaps(2)
    await ask(waivers, of="dualwrite_gaps")
    await ask(waivers, "k.noor", of="dualwrite_gaps")
    for count, result in ((2, "waived"), (1, "waived"), (3, "fail"), (None, "inconclusive"), (0, "pass")):
        gaps(count)
        assert check(await gate_of(waivers), "dualwrite_gaps").result.value == result, count
    gaps(3)
    assert "covers less than is wrong now" in check(await gate_of(waivers), "waivers_valid").measured


async def test_what_could_not_be_judged_is_set_aside_until_it_fails(waivers: Waivers, ledgers: Ledgers) -> None:
    async def address() -> Gate:
        return await waivers.verdicts.gate("address")

    async def wait_for_auth(until: datetime) -> None:
        for name in ("m.ortiz", "k.noor"):
            await waivers.waive("address", check="depends_on", reason="late", until=until, actor=who(name))

    ledgers.bend("auth", open_unconfirmed=1)
    await wait_for_auth(UNTIL)
    assert check(await address(), "depends_on").result is CheckResult.WAIVED
    await wait_for_auth(at(111))
    ledgers.bend("auth", open_confirmed=1)
    assert check(await address(), "depends_on").result is CheckResult.FAIL
    assert "covers less than is wrong now" in check(await address(), "waivers_valid").measured
    await wait_for_auth(at(112))
    assert check(await address(), "depends_on").result is CheckResult.WAIVED


REFUSED = {
    "a check about data": ({"of": "open_diffs"}, UsageError, "can't be waived"),
    "approvals": ({"of": "approvals"}, UsageError, "can't be waived"),
    "the flag": ({"of": "flag_observed"}, UsageError, "can't be waived"),
    "the audit log": ({"of": "audit_chain"}, UsageError, "can't be waived"),
    "a check that passes": ({"of": "dualwrite_gaps"}, UsageError, "needs no waiver"),
    "an end in the past": ({"until": at(100)}, UsageError, "not over"),
    "no reason": ({"why": " "}, UsageError, "an empty one"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_nobody_can_answer_for_is_refused(waivers: Waivers, ledgers: Ledgers, case: str) -> None:
    asked, kind, told = REFUSED[case]
    with pytest.raises(ReconcilerError, match=told) as raised:
        await ask(waivers, **asked)  # type: ignore[arg-type]
    assert isinstance(raised.value, kind)
    assert ledgers.acts == []


async def test_a_role_without_the_right_waives_nothing(waivers: Waivers) -> None:
    with pytest.raises(AccessDenied):
        await waivers.waive("auth", check="rollback_plan", reason="-", until=UNTIL, actor=who("o.perez", Role.OPERATOR))


async def test_a_waiver_that_comes_into_force_is_other_evidence(waivers: Waivers, clock: SetClock) -> None:
    before = (await gate_of(waivers)).evidence_digest
    await ask(waivers)
    assert (await gate_of(waivers)).evidence_digest == before
    await ask(waivers, "k.noor")
    with_waiver = (await gate_of(waivers)).evidence_digest
    assert with_waiver != before
    clock.hours = (UNTIL - at(0)) / timedelta(hours=1)
    assert (await gate_of(waivers)).evidence_digest == before
