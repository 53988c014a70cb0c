"""From which event the soak counts, and which scans count as clean ones in a row."""

from collections.abc import Callable
from dataclasses import Field, fields, replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.adapters.config.digests import policy_digest
from reconciler.core.gate import CheckResult, GateFacts, GateVerdict, decide
from reconciler.core.gate_values import SoakEvent
from reconciler.core.model import Mode, Outcome, RunStatus
from reconciler.core.spec import GatePolicy
from reconciler.core.wording import counted
from tests.unit.gate_world import (
    NIGHTS,
    a_history,
    a_run,
    approved,
    at,
    check,
    domain_spec,
    nightly,
    some_facts,
    summary,
    with_data,
    with_history,
    with_policy,
)

pytestmark = pytest.mark.unit

DIRTY = (summary(outcomes={Outcome.MISSING_IN_TARGET: 1}),)
UNSURE = (summary(outcomes={Outcome.UNREADABLE: 1}),)


def bent(number: int, **changes: object) -> GateFacts:
    """Facts in which the scan of that number is bent."""
    runs = (replace(run, **changes) if run.run_id == number else run for run in NIGHTS)  # type: ignore[arg-type]
    return some_facts(a_history(*runs))


def inserted(**changes: object) -> GateFacts:
    """Facts with one more run, number 30, between scans 3 and 4; later scans are numbered after it."""
    later = tuple(replace(run, run_id=run.run_id * 10) for run in NIGHTS)
    between = a_run(35, hours=60, **changes)  # type: ignore[arg-type]
    return some_facts(a_history(*later[:2], between, *later[2:]))


# Each row: what happened, the hour from which the soak must count, and a word that says why.
RESTARTS: dict[str, tuple[Callable[[], GateFacts], float, str]] = {
    "nothing": (some_facts, 0, "run 1, the first clean scan"),
    "a diff": (lambda: with_history(some_facts(), last_diff_at=at(30)), 48, "run 3, the first clean scan"),
    "a scan found a diff": (lambda: bent(2, entities=DIRTY), 48, "run 2 found something wrong"),
    "a sample found a diff": (
        lambda: inserted(mode=Mode.SAMPLE, entities=DIRTY), 72, "run 35 found something wrong",
    ),
    "the rules changed": (lambda: bent(2, config_digest="sha256:old"), 48, "a change of mapping, rules or code after"),
    "the code changed": (lambda: bent(2, code_version="0.9"), 48, "a change of mapping, rules or code after run 2"),
    "the rules changed and changed back": (
        lambda: inserted(mode=Mode.SAMPLE, config_digest="sha256:other"), 72, "code after run 35",
    ),
    "other stores were compared": (lambda: bent(2, identities={"source": "staging"}), 48, "other stores"),
    "the policy changed": (lambda: bent(2, policy_digest="sha256:old"), 48, "a change of policy"),
    "the policy changed and changed back": (
        lambda: inserted(mode=Mode.SAMPLE, policy_digest="sha256:other"), 72, "a change of policy",
    ),
    "a scan is missing": (
        lambda: some_facts(a_history(*nightly(0, 24, 51, 75, 96))), 51, "gap in coverage after run 2",
    ),
    "a scan failed": (lambda: bent(3, status=RunStatus.FAILED), 72, "gap in coverage after run 2"),
    "a scan was inconclusive": (lambda: bent(3, entities=UNSURE), 72, "gap in coverage after run 2"),
    "a scan covered too little": (
        lambda: bent(3, entities=(summary(coverage=0.5),)), 72, "gap in coverage after run 2",
    ),
    "a scan planted no canary": (
        lambda: bent(3, canaries_planted=0, canaries_caught=0), 72, "gap in coverage after run 2",
    ),
    "a rollback": (lambda: replace(some_facts(), rolled_back_at=at(50)), 72, "run 4, the first clean scan"),
}  # fmt: skip


EVENTS = {
    "nothing": "first_clean_scan",
    "a diff": "confirmed_diff",
    "a scan found a diff": "confirmed_diff",
    "the rules changed": "rules_changed",
    "the policy changed": "policy_changed",
    "a scan is missing": "coverage_gap_ended",
    "a scan failed": "coverage_gap_ended",
    "a rollback": "rollback",
    "other stores were compared": "other_stores",
}


@pytest.mark.parametrize("case", EVENTS)
def test_the_clock_names_the_event_it_counts_from(case: str) -> None:
    make, hour, _ = RESTARTS[case]
    clock = decide(make()).soak
    assert clock is not None
    assert (clock.since, clock.event, clock.elapsed) == (at(hour), EVENTS[case], timedelta(hours=100 - hour))
    assert (clock.needed, clock.ends_at) == (timedelta(hours=72), at(hour + 72))


def test_of_two_events_before_the_first_clean_scan_the_later_one_is_told() -> None:
    facts = replace(with_history(some_facts(), last_diff_at=at(30)), rolled_back_at=at(40))
    assert "after a rollback" in check(decide(facts), "soak").measured
    facts = replace(with_history(some_facts(), last_diff_at=at(40)), rolled_back_at=at(30))
    assert "after the last confirmed diff" in check(decide(facts), "soak").measured


def test_a_clock_that_has_not_started_says_why() -> None:
    clock = decide(some_facts(a_history())).soak
    assert clock is not None
    assert (clock.since, clock.event, clock.ends_at, clock.elapsed) == (None, None, None, None)
    assert clock.told == "the clock has not started: no clean scan counts yet"


@pytest.mark.parametrize("case", RESTARTS)
def test_the_check_and_the_clock_never_tell_different_things(case: str) -> None:
    gate = decide(RESTARTS[case][0]())
    assert gate.soak is not None
    assert check(gate, "soak").since == gate.soak.since
    assert gate.soak.told in check(gate, "soak").measured


@pytest.mark.parametrize("case", RESTARTS)
def test_the_soak_counts_from_the_latest_event_and_says_which(case: str) -> None:
    make, hour, why = RESTARTS[case]
    soak = check(decide(make()), "soak")
    assert soak.since == at(hour)
    assert why in soak.measured


@pytest.mark.parametrize(("hours", "result"), [(71.9, CheckResult.PENDING), (72, CheckResult.PASS)])
def test_the_soak_passes_when_its_window_is_over(hours: float, result: CheckResult) -> None:
    runs = nightly(0, 24, 48, 71)
    gate = decide(approved(some_facts(a_history(*runs), hours=hours)))
    assert check(gate, "soak").result is result
    assert (gate.verdict is GateVerdict.GO) == (result is CheckResult.PASS)


def test_only_time_missing_is_soaking_and_says_until_when() -> None:
    gate = decide(some_facts(a_history(*nightly(0, 24)), hours=30))
    assert gate.verdict is GateVerdict.SOAKING
    assert gate.next_step == "keep the scans going until 2025-11-23 00:00:00 UTC"


def test_time_before_the_first_clean_scan_does_not_count() -> None:
    soak = check(decide(some_facts(a_history(bent(5, entities=UNSURE).data.history.runs[0]))), "soak")
    assert (soak.result, soak.since) == (CheckResult.PENDING, None)


def test_a_clock_that_went_back_leaves_the_soak_unjudged() -> None:
    assert check(decide(some_facts(hours=96.25)), "soak").result is CheckResult.INCONCLUSIVE


def test_scans_from_before_the_clock_went_back_do_not_count() -> None:
    gate = decide(some_facts(a_history(*nightly(90, 24, 48, 72, 96))))
    assert check(gate, "clean_scans").since == at(24)
    assert check(gate, "soak").result is CheckResult.PENDING


def test_a_window_of_nothing_passes_with_any_clean_scan() -> None:
    facts = with_policy(some_facts(a_history(*nightly(99))), soak_window=timedelta(0), min_clean_scans=1)
    assert decide(approved(facts)).verdict is GateVerdict.GO


def test_a_new_policy_restarts_the_soak_now_and_keeps_the_scans() -> None:
    facts = with_data(some_facts(), spec=domain_spec(policy_digest="sha256:new"))
    gate = decide(facts)
    assert (check(gate, "soak").since, check(gate, "soak").result) == (at(100), CheckResult.PENDING)
    assert check(gate, "clean_scans").result is CheckResult.PASS
    assert (gate.verdict, gate.next_step) == (GateVerdict.SOAKING, "`reconciler run address --mode scan`")


def changed_policies() -> st.SearchStrategy[GatePolicy]:
    """The default policy with any of its fields changed."""
    of_its_kind = {
        timedelta: st.timedeltas(timedelta(0), timedelta(days=60)),
        bool: st.booleans(),
        int: st.integers(1, 9),
        float: st.floats(0.01, 1),
    }
    values = {one.name: of_its_kind[type(getattr(GatePolicy(), one.name))] for one in fields(GatePolicy)}
    return st.fixed_dictionaries({}, optional=values).map(lambda changes: replace(GatePolicy(), **changes))  # type: ignore[arg-type]


@given(changed_policies())
def test_any_change_of_policy_restarts_the_soak_and_keeps_the_scans(policy: GatePolicy) -> None:
    assume(policy != GatePolicy())
    old, new = policy_digest(GatePolicy()), policy_digest(policy)
    runs = tuple(replace(run, policy_digest=old) for run in NIGHTS)
    facts = with_data(some_facts(a_history(*runs)), spec=domain_spec(policy=policy, policy_digest=new))
    kept, restarted = decide(with_data(facts, spec=domain_spec(policy=policy, policy_digest=old))), decide(facts)
    assert restarted.soak is not None
    assert (restarted.soak.since, restarted.soak.event) == (at(100), SoakEvent.POLICY)
    assert check(restarted, "clean_scans") == check(kept, "clean_scans")


@given(st.sampled_from(fields(GatePolicy)), st.data())
def test_every_field_of_the_policy_is_in_its_digest(changed: Field[object], data: st.DataObject) -> None:
    policy = data.draw(changed_policies())
    assume(getattr(policy, changed.name) != getattr(GatePolicy(), changed.name))
    only = replace(GatePolicy(), **{changed.name: getattr(policy, changed.name)})
    assert policy_digest(only) != policy_digest(GatePolicy())


# Each row: the hours of the clean scans, how many a gap of 24 h leaves, and whether two are enough.
SPACED = [((0, 24, 48), 3, True), ((0, 23), 1, False), ((0, 12, 24), 2, True), ((47, 47.5, 48), 1, False)]


@pytest.mark.parametrize(("hours", "count", "enough"), SPACED)
def test_clean_scans_count_when_far_enough_apart(hours: tuple[float, ...], count: int, enough: bool) -> None:  # noqa: FBT001
    found = check(decide(some_facts(a_history(*nightly(*hours)), hours=49)), "clean_scans")
    assert found.measured == counted(count, "clean scan")
    assert (found.result is CheckResult.PASS) == enough


def test_too_few_clean_scans_wait_and_never_fail() -> None:
    facts = with_policy(some_facts(a_history(*nightly(99))), soak_window=timedelta(0))
    gate = decide(approved(facts))
    assert (check(gate, "clean_scans").result, gate.verdict) == (CheckResult.PENDING, GateVerdict.SOAKING)
    assert gate.next_step == "`reconciler run address --mode scan` after 2025-11-25 03:00:00 UTC"


def test_scans_before_the_last_diff_do_not_count() -> None:
    facts = with_history(some_facts(), last_diff_at=at(90))
    assert check(decide(facts), "clean_scans").measured == "1 clean scan"


def test_the_order_in_which_runs_come_is_nothing() -> None:
    assert decide(some_facts(a_history(*NIGHTS[::-1]))) == decide(some_facts())
