"""What each check of the data says, and how the checks make a verdict."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reconciler.core.data_checks import worst_result
from reconciler.core.gate import (
    CHECK_ORDER,
    CheckResult,
    GateFacts,
    GateVerdict,
    Member,
    Requirement,
    as_member,
    decide,
    exit_code,
    satisfies,
)
from reconciler.core.history import DomainRun
from reconciler.core.model import Mode, Outcome, RunStatus
from reconciler.core.pauses import Pause
from reconciler.core.wording import moment
from reconciler.errors import InvalidSpec
from tests.unit.gate_world import (
    NIGHTS,
    a_history,
    a_run,
    approved,
    at,
    broken,
    check,
    domain_spec,
    invariant_spec,
    results,
    some_facts,
    summary,
    with_data,
    with_history,
    with_policy,
)

pytestmark = pytest.mark.unit


def newest(**changes: object) -> GateFacts:
    """Facts whose newest scan is bent."""
    bent = replace(NIGHTS[0], **changes)  # type: ignore[arg-type]
    return some_facts(a_history(bent, *NIGHTS[1:]))


def found(**outcomes: int) -> DomainRun:
    """The newest scan with these outcomes beside 100 that matched."""
    counts = {Outcome(name): count for name, count in outcomes.items()}
    return replace(NIGHTS[0], entities=(summary(outcomes=counts),))


def followed_by(**changes: object) -> GateFacts:
    """Facts with one more run, a sample unless told otherwise, after the newest scan."""
    later = a_run(6, hours=99, **{"mode": Mode.SAMPLE, **changes})  # type: ignore[arg-type]
    return some_facts(a_history(later, *NIGHTS))


def test_a_domain_that_lacks_nothing_goes() -> None:
    gate = decide(approved(some_facts()))
    assert (gate.verdict, results(gate)) == (GateVerdict.GO, {})
    assert gate.flip == "ADDRESS_STORE=postgres"
    assert "0 of 100 compared" in gate.reason
    assert "ADDRESS_STORE=postgres" in gate.next_step


def test_checks_stand_in_their_order() -> None:
    assert tuple(one.name for one in decide(some_facts()).checks) == CHECK_ORDER


def test_without_an_approval_it_is_ready() -> None:
    gate = decide(some_facts())
    assert (gate.verdict, results(gate)) == (GateVerdict.READY, {"approvals": "pending"})
    assert gate.next_step == f"`reconciler approve address --comment TEXT --evidence {gate.evidence_digest}`"


# Each row: what is wrong, the check that must say so, how it must come out, and the verdict.
BENT: dict[str, tuple[Callable[[], GateFacts], str, str, str]] = {
    "a confirmed diff is open": (
        lambda: with_history(some_facts(), open_confirmed=1), "open_diffs", "fail", "no_go",
    ),
    "the newest scan found a diff": (
        lambda: some_facts(a_history(found(field_mismatch=1), *NIGHTS[1:])), "open_diffs", "fail", "no_go",
    ),
    "a diff is unconfirmed": (
        lambda: with_history(some_facts(), open_unconfirmed=1), "unconfirmed_diffs", "inconclusive", "hold",
    ),
    "the newest scan left one unconfirmed": (
        lambda: newest(entities=(summary(outcomes={Outcome.FIELD_MISMATCH: 1}, unconfirmed=1),)),
        "unconfirmed_diffs", "inconclusive", "hold",
    ),
    "half was covered": (
        lambda: newest(entities=(summary(coverage=0.5),)), "coverage", "inconclusive", "hold",
    ),
    "the share covered is no number": (
        lambda: newest(entities=(summary(coverage=float("nan")),)), "coverage", "inconclusive", "hold",
    ),
    "an entity was not seen to its end": (
        lambda: newest(entities=(summary(complete=False),)), "coverage", "inconclusive", "hold",
    ),
    "an entity is not in the scan": (
        lambda: newest(entities=(summary("other"),)), "coverage", "inconclusive", "hold",
    ),
    "nothing was compared": (
        lambda: newest(entities=(summary(matched=0),)), "coverage", "inconclusive", "hold",
    ),
    "nothing was compared where nothing may be": (
        lambda: newest(entities=(summary(matched=0, may_be_empty=True),)), "coverage", "inconclusive", "hold",
    ),
    "the newest scan is as old as allowed": (
        lambda: some_facts(hours=96 + 26), "last_scan", "inconclusive", "hold",
    ),
    "the newest scan cannot be judged, though a sample after it was fine": (
        lambda: some_facts(
            a_history(
                a_run(6, hours=99, mode=Mode.SAMPLE),
                replace(NIGHTS[0], entities=(summary(outcomes={Outcome.UNREADABLE: 1}),)),
                *NIGHTS[1:],
            )
        ),
        "last_scan", "inconclusive", "hold",
    ),
    "the rules changed since": (
        lambda: with_data(some_facts(), spec=domain_spec(config_digest="sha256:new")),
        "last_scan", "inconclusive", "hold",
    ),
    "the code changed since": (
        lambda: with_data(some_facts(), code_version="1.1"), "last_scan", "inconclusive", "hold",
    ),
    "only samples ran": (
        lambda: some_facts(a_history(*(replace(run, mode=Mode.SAMPLE) for run in NIGHTS))),
        "last_scan", "inconclusive", "hold",
    ),
    "a run ended after now": (
        lambda: some_facts(hours=96.25), "last_scan", "inconclusive", "hold",
    ),
    "a run failed": (
        lambda: followed_by(status=RunStatus.FAILED), "run_errors", "inconclusive", "hold",
    ),
    "a run was interrupted": (
        lambda: followed_by(status=RunStatus.INTERRUPTED), "run_errors", "inconclusive", "hold",
    ),
    "a sample is inconclusive": (
        lambda: followed_by(entities=(summary(outcomes={Outcome.UNREADABLE: 1}),)),
        "run_errors", "inconclusive", "hold",
    ),
    "a sample compared nothing": (
        lambda: followed_by(entities=(summary(matched=0),)), "run_errors", "inconclusive", "hold",
    ),
    "a sample ended with an error": (
        lambda: followed_by(error="target unreachable"), "run_errors", "inconclusive", "hold",
    ),
    "a scan failed, though a sample after it was fine": (
        lambda: some_facts(
            a_history(
                a_run(7, hours=99, mode=Mode.SAMPLE), a_run(6, hours=98, status=RunStatus.FAILED), *NIGHTS
            )
        ),
        "run_errors", "inconclusive", "hold",
    ),
    "a key is defective": (
        lambda: some_facts(a_history(found(key_defect=1), *NIGHTS[1:])), "key_integrity", "fail", "no_go",
    ),
    "a record is unreadable": (
        lambda: some_facts(a_history(found(unreadable=1), *NIGHTS[1:])), "key_integrity", "inconclusive", "hold",
    ),
    "an invariant is broken": (
        lambda: newest(entities=(summary(invariants=(broken(1),)),)), "invariants", "fail", "no_go",
    ),
    "an invariant was not judged": (
        lambda: with_data(some_facts(), spec=domain_spec(invariants=(invariant_spec(),))),
        "invariants", "inconclusive", "hold",
    ),
    "an invariant of another name was judged": (
        lambda: with_data(
            newest(entities=(summary(invariants=(broken(0, "other"),)),)),
            spec=domain_spec(invariants=(invariant_spec(),)),
        ),
        "invariants", "inconclusive", "hold",
    ),
    "a canary was missed": (lambda: newest(canaries_caught=8), "canaries", "fail", "no_go"),
    "no canary was planted": (
        lambda: newest(canaries_planted=0, canaries_caught=0), "canaries", "inconclusive", "hold",
    ),
    "a dual-write gap is open": (lambda: newest(gaps=1), "dualwrite_gaps", "fail", "no_go"),
    "a sample saw a gap": (lambda: followed_by(gaps=1), "dualwrite_gaps", "fail", "no_go"),
    "the gaps were not read": (lambda: newest(gaps=None), "dualwrite_gaps", "inconclusive", "hold"),
}  # fmt: skip


@pytest.mark.parametrize("case", BENT)
def test_what_is_wrong_shuts_the_gate_and_is_named(case: str) -> None:
    make, name, result, verdict = BENT[case]
    gate = decide(approved(make()))
    assert (check(gate, name).result.value, gate.verdict.value) == (result, verdict)
    assert gate.reason
    assert gate.next_step


def test_an_invariant_that_was_judged_and_holds_passes() -> None:
    facts = newest(entities=(summary(invariants=(broken(0),)),))
    gate = decide(with_data(facts, spec=domain_spec(invariants=(invariant_spec(),))))
    assert check(gate, "invariants").result is CheckResult.PASS


def test_gaps_inform_where_the_backend_keeps_no_table_of_them() -> None:
    runs = tuple(replace(run, gaps=None) for run in NIGHTS)
    gate = decide(approved(with_data(some_facts(a_history(*runs)), gaps_watched=False)))
    assert (check(gate, "dualwrite_gaps").result, gate.verdict) == (CheckResult.INFO, GateVerdict.GO)


def test_a_later_sample_tells_that_a_gap_is_resolved() -> None:
    facts = some_facts(a_history(a_run(6, hours=99, mode=Mode.SAMPLE), replace(NIGHTS[0], gaps=1), *NIGHTS[1:]))
    assert check(decide(facts), "dualwrite_gaps").result is CheckResult.PASS


def test_a_gap_counted_before_the_newest_scan_says_nothing() -> None:
    old = tuple(replace(run, gaps=0) for run in NIGHTS[1:])
    gate = decide(some_facts(a_history(replace(NIGHTS[0], gaps=None), *old)))
    assert check(gate, "dualwrite_gaps").result is CheckResult.INCONCLUSIVE


def test_a_lower_floor_of_coverage_is_a_policy() -> None:
    covered = tuple(replace(run, entities=(summary(coverage=0.95),)) for run in NIGHTS)
    gate = decide(approved(with_policy(some_facts(a_history(*covered)), min_coverage=0.9)))
    assert gate.verdict is GateVerdict.GO


def test_a_run_under_way_changes_nothing() -> None:
    facts = approved(some_facts())
    running = a_run(6, hours=99, status=RunStatus.RUNNING, finished_at=None, entities=())
    again = with_history(facts, runs=(running, *facts.data.history.runs))
    assert decide(again) == decide(facts)


def test_while_no_scan_counts_no_check_of_the_data_passes() -> None:
    gate = decide(with_data(some_facts(), code_version="1.1"))
    asked = ("open_diffs", "unconfirmed_diffs", "coverage", "last_scan", "key_integrity", "invariants", "canaries")
    assert {check(gate, name).result for name in asked} == {CheckResult.INCONCLUSIVE}


def test_a_run_that_ended_badly_is_named_with_its_end() -> None:
    assert check(decide(followed_by(status=RunStatus.FAILED)), "run_errors").measured == "run 6 (sample) failed"
    assert check(decide(followed_by(error="-")), "run_errors").measured == "run 6 (sample) ended with an error"


def test_no_run_that_ended_is_no_data() -> None:
    running = a_run(1, hours=99, status=RunStatus.RUNNING, finished_at=None, entities=())
    for history in (a_history(), a_history(running)):
        gate = decide(some_facts(history))
        assert (gate.verdict, gate.evidence_digest) == (GateVerdict.NO_DATA, None)
        assert gate.next_step == "`reconciler run address --mode scan`"


def test_only_failed_runs_are_a_hold() -> None:
    gate = decide(some_facts(a_history(a_run(1, hours=99, status=RunStatus.FAILED, entities=()))))
    assert (gate.verdict, gate.evidence_digest is None) == (GateVerdict.HOLD, False)


def test_a_domain_without_a_target_side_is_not_comparable() -> None:
    spec = domain_spec("chat", entities=(), not_comparable="document-shaped on purpose", config_digest="")
    gate = decide(some_facts(spec=spec))
    assert (gate.verdict, gate.policy_digest, gate.evidence_digest, gate.checks) == ("not_comparable", None, None, ())
    assert (gate.domain, gate.flip, gate.rollback, gate.valid_until) == ("chat", "", "", None)
    assert gate.reason == "Not comparable: document-shaped on purpose."
    assert gate.next_step == "nothing to do until there is a PostgreSQL side to compare with"


def test_a_member_of_a_group_is_its_gate_in_short() -> None:
    facts = some_facts()
    gate = decide(facts)
    assert as_member(facts) == Member(
        domain="address", verdict=gate.verdict, reason=gate.reason, valid_until=gate.valid_until
    )
    assert gate.valid_until is not None


def test_the_worst_check_decides() -> None:
    gate = decide(with_history(some_facts(hours=200), open_confirmed=3))
    assert gate.verdict is GateVerdict.NO_GO
    assert gate.reason.startswith("Open diffs: 3 of 100 compared; needed: 0")


def test_no_checks_at_all_are_inconclusive() -> None:
    assert worst_result([]) is CheckResult.INCONCLUSIVE
    assert worst_result([CheckResult.INFO, CheckResult.WAIVED]) is CheckResult.INCONCLUSIVE


def test_a_result_unheard_of_raises() -> None:
    with pytest.raises(ValueError, match="perhaps"):
        worst_result([CheckResult.PASS, "perhaps"])  # type: ignore[list-item]


@pytest.mark.parametrize("missing", ["config_digest", "policy_digest"])
def test_evidence_that_nothing_ties_down_is_refused(missing: str) -> None:
    with pytest.raises(InvalidSpec, match="digests"):
        some_facts(spec=replace(domain_spec(), **{missing: ""}))  # type: ignore[arg-type]


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        with_data(some_facts(), now=datetime(2025, 11, 24))  # noqa: DTZ001 - naive on purpose


OPENS = {"soaking": {"soaking", "ready", "go", "flipped"}, "ready": {"ready", "go", "flipped"}, "go": {"go", "flipped"}}


@pytest.mark.parametrize("require", Requirement)
@pytest.mark.parametrize("verdict", GateVerdict)
def test_exit_codes(verdict: GateVerdict, require: Requirement) -> None:
    gate = replace(decide(some_facts()), verdict=verdict)
    opens = verdict.value in OPENS[require.value]
    assert satisfies(gate, require) == opens
    assert exit_code(gate, require=require) == (0 if opens else 1 if verdict == "no_go" else 3)


def test_valid_until_is_the_first_thing_to_lapse() -> None:
    facts = approved(some_facts())
    assert decide(facts).valid_until == at(96 + 26)
    short = with_policy(facts, approval_ttl=timedelta(hours=4))
    assert decide(approved(with_history(short, decisions=()))).valid_until == at(99 + 4)
    assert decide(with_policy(facts, rehearsal_max_age=timedelta(hours=91))).valid_until == at(10 + 91)
    assert decide(some_facts(a_history(rehearsals=()))).valid_until is None


def test_a_limit_beyond_the_end_of_time_is_no_crash() -> None:
    gate = decide(approved(with_policy(some_facts(), max_scan_age=timedelta.max, approval_ttl=timedelta.max)))
    assert gate.verdict is GateVerdict.GO


def test_paused_scans_are_told_and_never_keep_a_gate_green() -> None:
    until = at(300)
    pause = Pause(domain="address", mode=Mode.SCAN, reason="upgrade", actor="s.lee", at=at(96), until=until)
    young = decide(with_history(approved(some_facts()), pauses=(pause,)))
    assert (young.verdict, check(young, "last_scan").result) == (GateVerdict.GO, CheckResult.PASS)
    assert check(young, "last_scan").measured.endswith(f"; scans are paused by s.lee until {moment(until)}")
    old = decide(with_history(some_facts(hours=96 + 26), pauses=(pause,)))
    assert (old.verdict, check(old, "last_scan").result) == (GateVerdict.HOLD, CheckResult.INCONCLUSIVE)
