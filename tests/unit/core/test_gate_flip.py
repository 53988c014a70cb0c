"""The checks around a flip: plan, dependencies, group, flag and approvals."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.approval_checks import person, standing_request
from reconciler.core.gate import (
    CheckResult,
    Dependency,
    FlagState,
    GateFacts,
    GateVerdict,
    Member,
    Reads,
    RollbackPlan,
    as_member,
    data_health,
    decide,
)
from reconciler.core.history import Decision, Rehearsal
from reconciler.core.model import RunStatus
from tests.unit.gate_world import (
    PLAN,
    a_decision,
    a_history,
    a_run,
    approved,
    at,
    check,
    decided,
    domain_spec,
    flipped,
    nightly,
    results,
    some_facts,
    with_data,
    with_history,
    with_policy,
)

pytestmark = pytest.mark.unit

AUTH = domain_spec("auth", entities=("auth",))


def auth_health(facts: GateFacts | None = None) -> Dependency:
    history = a_history(*nightly(0, 24, 48, 72, 96, domain="auth"))
    return data_health((facts or some_facts(history, spec=AUTH)).data)


def dependent(*dependencies: Dependency) -> GateFacts:
    return some_facts(spec=domain_spec(depends_on=("auth",)), dependencies=dependencies)


def test_a_dependency_tells_since_when_it_stands_so() -> None:
    assert check(decide(dependent(auth_health())), "depends_on").since == at(96.5)
    early, late = (
        data_health(some_facts(a_history(a_run(1, hours=hours, domain="auth"), open_confirmed=1), spec=AUTH).data)
        for hours in (90, 96)
    )
    assert check(decide(dependent(early)), "depends_on").since == at(90.5)
    two = some_facts(
        spec=domain_spec(depends_on=("auth", "other")), dependencies=(replace(late, domain="other"), early)
    )
    assert check(decide(two), "depends_on").since == at(90.5)
    assert check(decide(dependent()), "depends_on").since is None


def grouped(*verdicts: GateVerdict) -> GateFacts:
    members = tuple(
        Member(domain=f"d{number}", verdict=verdict, reason="", valid_until=None)
        for number, verdict in enumerate(verdicts)
    )
    return some_facts(spec=domain_spec(flip_group="reference"), group=members)


# -- the way back ------------------------------------------------------------------------------------------------------

PLANLESS: dict[str, tuple[GateFacts, str]] = {
    "none": (some_facts(plan=None), "no plan is written"),
    "no owner": (some_facts(plan=replace(PLAN, owner=" ")), "names no owner"),
    "no command": (some_facts(plan=replace(PLAN, rollback_command="")), "names no rollback command"),
    "a problem": (some_facts(plan=replace(PLAN, problems=("section Steps is empty",))), "section Steps is empty"),
    "never rehearsed": (with_history(some_facts(), rehearsals=()), "never rehearsed"),
    "too long ago": (with_policy(some_facts(), rehearsal_max_age=timedelta(hours=90)), "rehearsed 90 h ago"),
}


@pytest.mark.parametrize("case", PLANLESS)
def test_without_a_way_back_that_was_walked_nothing_goes(case: str) -> None:
    facts, measured = PLANLESS[case]
    gate = decide(approved(facts))
    assert (gate.verdict, results(gate)) == (GateVerdict.NO_GO, {"rollback_plan": "fail"})
    assert measured in check(gate, "rollback_plan").measured


def noted(hours: float) -> RollbackPlan:
    """The plan with a rehearsal of its own at that hour."""
    rehearsal = Rehearsal(domain="address", minutes=7, comment="noted", actor="k.noor", at=at(hours))
    return replace(PLAN, rehearsal=rehearsal)


def test_a_rehearsal_that_the_plan_notes_counts_like_a_recorded_one() -> None:
    gate = decide(approved(with_history(some_facts(plan=noted(50)), rehearsals=())))
    assert gate.verdict is GateVerdict.GO
    assert check(gate, "rollback_plan").measured == "rehearsed 50 h ago in 7 min by k.noor"


@pytest.mark.parametrize(("hours", "actor"), [(9, "s.lee"), (11, "k.noor")])
def test_of_a_recorded_and_a_noted_rehearsal_the_newer_one_counts(hours: float, actor: str) -> None:
    assert check(decide(some_facts(plan=noted(hours))), "rollback_plan").measured.endswith(f"by {actor}")


def test_a_rehearsal_that_the_plan_dates_later_than_now_is_refused() -> None:
    gate = decide(approved(some_facts(plan=noted(101))))
    assert gate.verdict is GateVerdict.NO_GO
    assert "dated later than now" in check(gate, "rollback_plan").measured


def test_a_missing_rehearsal_names_the_command_that_records_one() -> None:
    gate = decide(with_history(some_facts(), rehearsals=()))
    assert gate.next_step.startswith("`reconciler rehearse address --minutes N --comment TEXT`")


def test_without_a_live_flag_no_plan_is_asked_for() -> None:
    gate = decide(approved(some_facts(spec=domain_spec(live_flag=False), plan=None)))
    assert (gate.verdict, gate.flip, gate.rollback) == (GateVerdict.GO, "", "")
    assert check(gate, "rollback_plan").result is CheckResult.INFO


# -- other domains -----------------------------------------------------------------------------------------------------

AUTH_SPOILT: dict[str, tuple[Callable[[], GateFacts], CheckResult]] = {
    "open diffs": (lambda: with_history(base_auth(), open_confirmed=2), CheckResult.FAIL),
    "a gap": (lambda: spoilt_auth(gaps=3), CheckResult.FAIL),
    "stale": (lambda: with_data(base_auth(), now=at(123)), CheckResult.INCONCLUSIVE),
    "a failed run": (lambda: spoilt_auth(status=RunStatus.FAILED), CheckResult.INCONCLUSIVE),
    "no run": (lambda: some_facts(a_history(), spec=AUTH), CheckResult.INCONCLUSIVE),
    "no target side": (lambda: some_facts(spec=domain_spec("auth", entities=())), CheckResult.INCONCLUSIVE),
}


def base_auth() -> GateFacts:
    return some_facts(a_history(*nightly(0, 24, 48, 72, 96, domain="auth")), spec=AUTH)


def spoilt_auth(**changes: object) -> GateFacts:
    runs = (a_run(6, hours=99, domain="auth", **changes), *base_auth().data.history.runs)
    return with_history(base_auth(), runs=runs)


@pytest.mark.parametrize("case", AUTH_SPOILT)
def test_a_domain_waits_for_the_data_it_refers_to(case: str) -> None:
    make, result = AUTH_SPOILT[case]
    gate = decide(approved(dependent(auth_health(make()))))
    verdict = GateVerdict.NO_GO if result is CheckResult.FAIL else GateVerdict.HOLD
    assert (check(gate, "depends_on").result, gate.verdict) == (result, verdict)
    assert gate.next_step == "`reconciler gate auth`"


def test_a_dependency_that_nobody_told_of_is_not_in_order() -> None:
    assert check(decide(dependent()), "depends_on").result is CheckResult.INCONCLUSIVE


def test_a_dependency_needs_good_data_and_neither_soak_nor_plan() -> None:
    young = some_facts(a_history(*nightly(98, domain="auth"), rehearsals=()), spec=AUTH, plan=None)
    gate = decide(approved(dependent(auth_health(young))))
    assert gate.verdict is GateVerdict.GO
    assert gate.valid_until == at(96 + 26)


def test_a_gate_is_valid_no_longer_than_its_neighbours() -> None:
    early = some_facts(a_history(*nightly(90, domain="auth")), spec=AUTH)
    assert decide(approved(dependent(auth_health(early)))).valid_until == at(90 + 26)


GROUPS = [
    ((GateVerdict.GO, GateVerdict.FLIPPED), CheckResult.PASS, GateVerdict.GO),
    ((GateVerdict.GO, GateVerdict.READY), CheckResult.PENDING, GateVerdict.READY),
    ((GateVerdict.READY, GateVerdict.SOAKING), CheckResult.PENDING, GateVerdict.SOAKING),
    ((GateVerdict.SOAKING, GateVerdict.HOLD), CheckResult.INCONCLUSIVE, GateVerdict.HOLD),
    ((GateVerdict.NO_DATA,), CheckResult.INCONCLUSIVE, GateVerdict.HOLD),
    ((GateVerdict.NOT_COMPARABLE,), CheckResult.INCONCLUSIVE, GateVerdict.HOLD),
    ((GateVerdict.GO, GateVerdict.HOLD, GateVerdict.NO_GO), CheckResult.FAIL, GateVerdict.NO_GO),
]


@pytest.mark.parametrize(("members", "result", "verdict"), GROUPS)
def test_a_group_goes_together_or_not_at_all(
    members: tuple[GateVerdict, ...], result: CheckResult, verdict: GateVerdict
) -> None:
    gate = decide(approved(grouped(*members)))
    assert (check(gate, "flip_group").result, gate.verdict) == (result, verdict)


def test_the_member_that_holds_the_group_back_most_is_named() -> None:
    gate = decide(approved(grouped(GateVerdict.HOLD, GateVerdict.NO_GO, GateVerdict.SOAKING)))
    assert gate.next_step == "`reconciler gate d1`"


def test_a_member_is_judged_as_if_it_stood_alone() -> None:
    assert as_member(approved(grouped(GateVerdict.NO_GO))).verdict is GateVerdict.GO


# -- the flag ----------------------------------------------------------------------------------------------------------


def test_a_flag_on_mongo_is_as_it_should_be() -> None:
    gate = decide(replace(approved(some_facts()), flag=FlagState(reads=Reads.MONGO)))
    assert (check(gate, "flag_observed").result, gate.verdict) == (CheckResult.PASS, GateVerdict.GO)


def test_an_answer_about_the_flag_that_makes_no_sense_holds() -> None:
    gate = decide(replace(approved(some_facts()), flag=FlagState(reads=None, problem="unreachable")))
    assert (gate.verdict, check(gate, "flag_observed").measured) == (GateVerdict.HOLD, "unreachable")


def test_a_flag_turned_without_a_go_is_an_alarm_even_without_any_run() -> None:
    for facts in (approved(some_facts()), some_facts(a_history())):
        gate = decide(flipped(facts, had_go=False))
        assert check(gate, "flag_observed").measured.startswith("ALARM")
        assert gate.verdict is GateVerdict.HOLD if facts.data.history.runs else gate.verdict is not GateVerdict.NO_DATA


def test_a_flip_without_a_go_leaves_every_check_in_force() -> None:
    assert results(decide(flipped(some_facts(), had_go=False))) == {
        "flag_observed": "inconclusive",
        "approvals": "pending",
    }


def test_a_flag_that_was_turned_back_is_no_longer_flipped() -> None:
    back = FlagState(reads=Reads.MONGO, had_go=True)
    assert decide(replace(approved(some_facts()), flag=back)).verdict is GateVerdict.GO


def test_after_the_flip_neither_soak_nor_approval_nor_an_old_rehearsal_matters() -> None:
    gate = decide(flipped(with_policy(some_facts(a_history(*nightly(99))), rehearsal_max_age=timedelta(hours=1))))
    assert (gate.verdict, results(gate)) == (GateVerdict.FLIPPED, {})
    assert "`kubectl set env deploy/api ADDRESS_STORE=mongo`" in gate.next_step


@pytest.mark.parametrize("had_go", [True, False])
def test_a_diff_after_the_flip_is_a_no_go_with_the_way_back_first(*, had_go: bool) -> None:
    gate = decide(flipped(with_history(some_facts(), open_confirmed=2), had_go=had_go))
    assert gate.verdict is GateVerdict.NO_GO
    assert gate.reason.startswith("Reads are on PostgreSQL and rolling back would lose what differs.")
    assert gate.next_step.startswith("go back with `kubectl set env deploy/api ADDRESS_STORE=mongo`, then ")


def test_a_comparison_that_stopped_after_the_flip_is_no_green() -> None:
    assert decide(flipped(some_facts(hours=130))).verdict is GateVerdict.HOLD


# -- approvals ---------------------------------------------------------------------------------------------------------

TODAY = decide(some_facts()).evidence_digest
LAPSED = a_decision(digest=TODAY, hours=76)
NO = a_decision(2, action="reject", digest=TODAY, actor="k.noor")

VOTES: dict[str, tuple[tuple[Decision, ...], CheckResult]] = {
    "nobody": ((), CheckResult.PENDING),
    "one": ((a_decision(digest=TODAY),), CheckResult.PASS),
    "on other evidence": ((a_decision(digest="sha256:other"),), CheckResult.PENDING),
    "too long ago": ((LAPSED,), CheckResult.PENDING),
    "just in time": ((replace(LAPSED, at=at(76.1)),), CheckResult.PASS),
    "revoked by the same person": (
        (a_decision(digest=TODAY), a_decision(2, action="revoke", digest=TODAY)), CheckResult.PENDING,
    ),
    "revoked by somebody else": (
        (a_decision(digest=TODAY), a_decision(2, action="revoke", digest="sha256:old", actor="k.noor")),
        CheckResult.PENDING,
    ),
    "given after a revocation": (
        (a_decision(1, action="revoke", digest=TODAY), a_decision(2, digest=TODAY)), CheckResult.PASS,
    ),
    "refused": ((a_decision(digest=TODAY), NO), CheckResult.FAIL),
    "refused on other evidence": (
        (a_decision(digest=TODAY), replace(NO, evidence_digest="sha256:old")), CheckResult.PASS,
    ),
    "refused and taken back": ((NO, replace(NO, id=3, action="revoke"), a_decision(4, digest=TODAY)), CheckResult.PASS),
    "a newer word on other evidence": (
        (a_decision(digest=TODAY), a_decision(2, digest="sha256:other")), CheckResult.PENDING,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", VOTES)
def test_what_people_said_counts_for_the_evidence_they_saw(case: str) -> None:
    decisions, result = VOTES[case]
    assert check(decide(decided(some_facts(), *decisions)), "approvals").result is result


def test_two_approvals_need_two_people_however_they_spell_themselves() -> None:
    two = with_policy(some_facts(), approvals=2)
    digest = decide(two).evidence_digest
    same = (a_decision(1, digest=digest), a_decision(2, digest=digest, actor=" M.Ortiz"))
    assert decide(decided(two, *same)).verdict is GateVerdict.READY
    assert decide(decided(two, *same, a_decision(3, digest=digest, actor="k.noor"))).verdict is GateVerdict.GO


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("m.ortiz", " M.Ortiz "),
        ("Jose\u0301 Sa\u0301", "jos\u00e9 s\u00e1"),
        ("ann li", "Ann \u00a0 Li"),
        ("stra\u00dfe", "STRASSE"),
        ("\uff4d.ortiz", "m.ortiz"),
    ],
)
def test_a_person_in_another_spelling_is_the_same_one(name: str, other: str) -> None:
    assert person(name) == person(other)
    assert person(person(name)) == person(name)


def test_under_four_eyes_no_approval_counts_while_nobody_answers_for_the_configuration() -> None:
    four = approved(with_policy(some_facts(), four_eyes=True))
    gate = decide(four)
    assert (gate.verdict, results(gate)) == (GateVerdict.READY, {"approvals": "pending"})
    assert check(gate, "approvals").measured == "1 of 1 by m.ortiz, and nobody answers for the configuration"
    assert "reconciler config accept address" in gate.next_step
    answered = decide(with_history(four, configured_by="k.noor"))
    assert answered.verdict is GateVerdict.GO
    assert check(answered, "approvals").needed.endswith("or answers for the configuration (k.noor)")
    own = decide(with_history(four, configured_by=" M.Ortiz"))
    assert (own.verdict, check(own, "approvals").measured) == (GateVerdict.READY, "0 of 1")


def test_who_answers_for_the_configuration_is_nobodys_business_without_four_eyes() -> None:
    assert decide(with_history(approved(some_facts()), configured_by="m.ortiz")).verdict is GateVerdict.GO


def test_none_needed_is_none_needed_unless_somebody_objects() -> None:
    facts = with_policy(some_facts(), approvals=0)
    assert decide(facts).verdict is GateVerdict.GO
    no = a_decision(action="reject", digest=decide(facts).evidence_digest)
    gate = decide(decided(facts, no))
    assert (gate.verdict, check(gate, "approvals").measured) == (GateVerdict.NO_GO, "rejected by m.ortiz")


def test_a_decision_unheard_of_raises() -> None:
    with pytest.raises(ValueError, match="maybe"):
        decide(decided(some_facts(), a_decision(action="maybe", digest=TODAY)))


def test_an_approval_from_the_future_does_not_count() -> None:
    gate = decide(decided(some_facts(), a_decision(digest=TODAY, hours=101)))
    assert check(gate, "approvals").result is CheckResult.PENDING
    assert gate.verdict is GateVerdict.HOLD


def test_the_newest_request_for_todays_evidence_stands() -> None:
    facts = some_facts()
    digest = decide(facts).evidence_digest
    assert standing_request(facts, digest=digest) is None
    asked = decided(
        facts,
        a_decision(3, action="request", digest=digest, actor="kim"),
        a_decision(5, action="request", digest=digest, actor="lou"),
        a_decision(4, action="request", digest=digest, actor="max"),
        a_decision(6, action="request", digest="sha256:other", actor="ann"),
        a_decision(7, action="approve", digest=digest, actor="bob"),
    )
    request = standing_request(asked, digest=digest)
    assert request is not None
    assert (request.id, request.actor) == (5, "lou")
