"""How the facts of a gate are gathered: which histories are read, from when on, and what they are judged by."""

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.app.verdicts import earliest
from reconciler.core.gate import CheckResult, FlagState, GateVerdict, Reads
from reconciler.core.model import RunStatus
from reconciler.core.spec import GatePolicy
from reconciler.errors import NotFound
from tests.unit.app_gate_world import SetClock, some_ledgers, some_verdicts
from tests.unit.gate_world import a_run, at, check

pytestmark = pytest.mark.unit


async def test_every_domain_is_judged_in_the_order_of_the_system() -> None:
    gates = await some_verdicts(some_ledgers()).gates()
    assert [(gate.domain, gate.verdict.value) for gate in gates] == [
        ("auth", "ready"),
        ("address", "ready"),
        ("category", "ready"),
        ("review", "ready"),
        ("chat", "not_comparable"),
    ]


async def test_domains_named_are_judged_in_the_order_named_as_each_would_be_alone() -> None:
    verdicts = some_verdicts(some_ledgers())
    gates = await verdicts.gates(["review", "auth"])
    assert gates == (await verdicts.gate("review"), await verdicts.gate("auth"))


async def test_a_domain_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"auth, address, category, review, chat; got 'adress'"):
        await some_verdicts(some_ledgers()).gate("adress")


async def test_each_history_is_read_once_and_none_without_a_target_side() -> None:
    ledgers = some_ledgers()
    await some_verdicts(ledgers).gates()
    assert sorted(name for name, _ in ledgers.asked) == ["address", "auth", "category", "review"]


async def test_one_gate_reads_its_group_and_what_they_depend_on() -> None:
    ledgers = some_ledgers()
    await some_verdicts(ledgers).gate("category")
    assert sorted(name for name, _ in ledgers.asked) == ["auth", "category", "review"]


async def test_a_group_is_judged_as_one_and_no_other_than_there_is() -> None:
    ledgers = some_ledgers()
    ledgers.bend("review", open_confirmed=1)
    group = await some_verdicts(ledgers).group("reference")
    assert ([gate.domain for gate in group.gates], group.verdict) == (["category", "review"], GateVerdict.NO_GO)
    for name in ("referrence", ""):
        with pytest.raises(NotFound, match="one of reference"):
            await some_verdicts(ledgers).group(name)


async def test_a_run_that_ends_while_histories_are_read_is_not_from_the_future() -> None:
    ledgers = some_ledgers()
    ledgers.bend("auth", runs=(a_run(6, hours=99.9, domain="auth"), *ledgers.kept["auth"].runs))
    gate = await some_verdicts(ledgers, clock=SetClock(step=1)).gate("auth")
    assert check(gate, "last_scan").result is CheckResult.PASS


@pytest.mark.parametrize("domain", ["auth", "address", "category", "review"])
async def test_a_diff_in_auth_shuts_all_that_hangs_on_it(domain: str) -> None:
    ledgers = some_ledgers()
    ledgers.bend("auth", open_confirmed=1)
    assert (await some_verdicts(ledgers).gate(domain)).verdict is GateVerdict.NO_GO


async def test_a_diff_in_address_shuts_address_alone() -> None:
    ledgers = some_ledgers()
    ledgers.bend("address", open_confirmed=1)
    gates = await some_verdicts(ledgers).gates()
    assert [gate.domain for gate in gates if gate.verdict is GateVerdict.NO_GO] == ["address"]


async def test_a_store_that_was_down_holds_every_domain() -> None:
    ledgers = some_ledgers()
    for name, history in list(ledgers.kept.items()):
        failed = a_run(6, hours=99, domain=name, status=RunStatus.FAILED, entities=())
        ledgers.bend(name, runs=(failed, *history.runs))
    gates = await some_verdicts(ledgers).gates(["auth", "address", "category", "review"])
    assert {gate.verdict for gate in gates} == {GateVerdict.HOLD}


async def test_before_any_run_there_is_no_data() -> None:
    ledgers = some_ledgers()
    for name in ledgers.kept:
        ledgers.bend(name, runs=())
    assert (await some_verdicts(ledgers).gate("address")).verdict is GateVerdict.NO_DATA


async def test_plan_flag_and_rollback_reach_their_domain() -> None:
    verdicts = some_verdicts(some_ledgers(), plans={})
    assert check(await verdicts.gate("auth"), "rollback_plan").measured == "no plan is written"
    seen = {"auth": FlagState(reads=Reads.POSTGRES, had_go=True)}
    watched = replace(some_verdicts(some_ledgers()), flags=seen)
    assert (await watched.gate("auth")).verdict is GateVerdict.FLIPPED
    assert (await watched.gate("address")).verdict is GateVerdict.READY
    turned = replace(watched, flags={}, rollbacks={"auth": at(90)})
    assert (await turned.gate("auth")).verdict is GateVerdict.SOAKING


async def test_gaps_are_watched_where_the_system_names_their_table() -> None:
    ledgers = some_ledgers()
    ledgers.bend("auth", runs=tuple(replace(run, gaps=None) for run in ledgers.kept["auth"].runs))
    verdicts = some_verdicts(ledgers)
    assert check(await verdicts.gate("auth"), "dualwrite_gaps").result is CheckResult.INCONCLUSIVE
    untold = replace(verdicts, system=replace(verdicts.system, gaps_table=""))
    assert check(await untold.gate("auth"), "dualwrite_gaps").result is CheckResult.INFO


def test_histories_reach_back_as_far_as_the_policy_can_look() -> None:
    soak = GatePolicy(soak_window=timedelta(days=20))
    scans = GatePolicy(min_clean_scans=10)
    assert earliest(soak, now=at(0)) <= at(-20 * 24 - 26)
    assert earliest(scans, now=at(0)) <= at(-10 * (24 + 26))


def test_a_policy_that_looks_back_for_ever_reaches_to_the_beginning() -> None:
    forever = GatePolicy(soak_window=timedelta.max, max_scan_age=timedelta.max, min_clean_scans=10**6)
    assert earliest(forever, now=at(0)).year == 1970
