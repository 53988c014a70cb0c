"""The order of the cutover: a step is done when something shows it, and trouble is never told as done."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.cutover import DATA, Mark, Phase, Plan, Step, StepKind, StepState, stand
from reconciler.core.gate_values import Check, CheckResult, Gate, GateVerdict, Reads
from reconciler.core.groups import group_verdict

pytestmark = pytest.mark.unit

AT = datetime(2025, 11, 20, tzinfo=UTC)
MARK_IT = "`reconciler plan mark it --comment TEXT` when it is done"


def gate(
    domain: str = "address",
    verdict: GateVerdict = GateVerdict.SOAKING,
    *,
    reads: Reads | None = Reads.MONGO,
    live: bool = True,
    **results: CheckResult,
) -> Gate:
    """A gate at that verdict; every data check passes unless `results` says otherwise."""
    named = {**dict.fromkeys(sorted(DATA), CheckResult.PASS), "soak": CheckResult.PENDING, **results}
    checks = tuple(
        Check(name=name, result=result, measured=f"{name} told", needed="0", since=None, evidence="run 1")
        for name, result in named.items()
    )
    return Gate(
        domain=domain,
        verdict=verdict,
        policy_digest=None,
        evidence_digest=None,
        valid_until=None,
        checks=checks,
        flip=f"{domain.upper()}_STORE=postgres" if live else "",
        rollback="",
        reason=f"{domain} is {verdict.value}.",
        next_step=f"look at {domain}",
        reads=reads,
    )


def step(kind: StepKind, *domains: str, name: str = "it", after: tuple[str, ...] = ()) -> Step:
    return Step(name=name, title=name.title(), kind=kind, domains=domains, after=after)


def mark(name: str = "it", *, done: bool = True) -> Mark:
    return Mark(step=name, done=done, actor="s.lee", comment="as agreed", at=AT)


def stood(*steps: Step, gates: tuple[Gate, ...] = (), marks: tuple[Mark, ...] = (), group: str = "") -> Plan:
    """The plan of one phase."""
    return stand(
        [Phase(title="All", steps=steps)],
        gates={one.domain: one for one in gates},
        groups={one.domain: group for one in gates if group},
        marks={one.step: one for one in marks},
    )


def state(kind: StepKind, *gates: Gate, marked: Mark | None = None) -> StepState:
    """Where a single step over these domains stands."""
    plan = stood(step(kind, *(one.domain for one in gates)), gates=gates, marks=(marked,) if marked else ())
    return plan.steps[0].state


@pytest.mark.parametrize("kind", [StepKind.SCHEMA, StepKind.OTHER])
def test_what_no_check_sees_is_done_when_somebody_says_so(kind: StepKind) -> None:
    assert state(kind) is StepState.NEXT
    assert state(kind, marked=mark()) is StepState.DONE
    assert state(kind, marked=mark(done=False)) is StepState.NEXT


@pytest.mark.parametrize("kind", [StepKind.BACKFILL, StepKind.REMAP])
def test_a_copy_is_done_by_a_mark_or_by_data_in_order_and_a_mark_taken_back_stands(kind: StepKind) -> None:
    dirty = gate(verdict=GateVerdict.NO_GO, open_diffs=CheckResult.FAIL)
    assert state(kind, gate()) is StepState.DONE
    assert state(kind, gate(), marked=mark(done=False)) is StepState.NEXT
    assert state(kind, dirty) is StepState.NEXT
    assert state(kind, dirty, marked=mark()) is StepState.DONE
    assert state(kind, replace(dirty, reads=Reads.POSTGRES)) is StepState.DONE


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (gate(), StepState.DONE),
        (gate(dualwrite_gaps=CheckResult.INFO), StepState.DONE),
        (gate(verdict=GateVerdict.NO_GO, open_diffs=CheckResult.FAIL), StepState.BLOCKED),
        (gate(verdict=GateVerdict.HOLD, last_scan=CheckResult.INCONCLUSIVE), StepState.BLOCKED),
        (gate(verdict=GateVerdict.NO_DATA, coverage=CheckResult.INCONCLUSIVE), StepState.NEXT),
        (gate(verdict=GateVerdict.NO_GO, rollback_plan=CheckResult.FAIL), StepState.DONE),
        (replace(gate(), checks=(), verdict=GateVerdict.NOT_COMPARABLE), StepState.BLOCKED),
    ],
)
def test_a_domain_is_verified_by_its_own_data(one: Gate, expected: StepState) -> None:
    assert state(StepKind.VERIFY, one) is expected


def test_of_several_domains_the_worst_is_told() -> None:
    bad = gate("review", GateVerdict.NO_GO, invariants=CheckResult.FAIL)
    (found,) = stood(step(StepKind.VERIFY, "address", "review"), gates=(gate(), bad)).steps
    assert (found.state, found.why, found.next_step) == (
        StepState.BLOCKED, "review: invariants invariants told", "look at review",
    )  # fmt: skip


def test_a_soak_takes_data_in_order_and_time() -> None:
    ready = gate(soak=CheckResult.PASS, clean_scans=CheckResult.PASS)
    assert state(StepKind.SOAK, gate()) is StepState.IN_PROGRESS
    assert state(StepKind.SOAK, ready) is StepState.DONE
    assert state(StepKind.SOAK, gate(open_diffs=CheckResult.FAIL)) is StepState.BLOCKED
    assert state(StepKind.SOAK, ready, gate("review")) is StepState.IN_PROGRESS


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (GateVerdict.GO, StepState.NEXT),
        (GateVerdict.READY, StepState.NEXT),
        (GateVerdict.SOAKING, StepState.IN_PROGRESS),
        (GateVerdict.HOLD, StepState.BLOCKED),
        (GateVerdict.NO_GO, StepState.BLOCKED),
        (GateVerdict.NO_DATA, StepState.BLOCKED),
        (GateVerdict.NOT_COMPARABLE, StepState.BLOCKED),
    ],
)
def test_a_flip_to_be_made_stands_where_its_gate_does(verdict: GateVerdict, expected: StepState) -> None:
    assert state(StepKind.FLIP, gate(verdict=verdict)) is expected


def test_a_flip_without_a_live_flag_is_blocked_and_says_so() -> None:
    (found,) = stood(step(StepKind.FLIP, "address"), gates=(gate(verdict=GateVerdict.GO, live=False),)).steps
    assert (found.state, found.why) == (StepState.BLOCKED, "no live flag reads address yet")


@given(st.sampled_from(GateVerdict), st.sampled_from([None, *Reads]), st.sampled_from([None, mark(), mark(done=False)]))
def test_a_flip_is_done_only_where_reads_are_on_postgresql_in_order_or_unwatched_marked_and_open(
    verdict: GateVerdict, reads: Reads | None, marked: Mark | None
) -> None:
    found = state(StepKind.FLIP, gate(verdict=verdict, reads=reads), marked=marked)
    seen = reads is Reads.POSTGRES and verdict is GateVerdict.FLIPPED
    claimed = reads is None and marked is not None and marked.done and verdict is GateVerdict.GO
    assert (found is StepState.DONE) == (seen or claimed)
    if reads is Reads.POSTGRES and not seen:
        assert found is StepState.TROUBLE


def test_a_group_that_flipped_in_part_is_in_trouble() -> None:
    on, off = gate("category", GateVerdict.FLIPPED, reads=Reads.POSTGRES), gate("review", GateVerdict.HOLD)
    plan = stood(step(StepKind.FLIP, "category", "review"), gates=(on, off), group="reference")
    (found,) = plan.steps
    assert found.state is StepState.TROUBLE
    assert found.why == "category flipped and review not: together or not at all"
    assert found.group is not None
    assert (found.group.name, found.group.verdict) == ("reference", GateVerdict.HOLD)
    assert found.group.told == (
        "together or not at all: hold, as review; category reads PostgreSQL and review does not"
    )
    assert plan.headline == "0 of 1 step done. In trouble: It."


@given(st.lists(st.sampled_from(GateVerdict), min_size=1, max_size=4))
def test_a_group_is_at_go_only_when_every_member_may_go(verdicts: list[GateVerdict]) -> None:
    together = group_verdict(gate(str(number), verdict) for number, verdict in enumerate(verdicts))
    may = {GateVerdict.GO, GateVerdict.FLIPPED}
    assert (together in may) == (set(verdicts) <= may)


def test_a_group_of_nobody_has_no_data() -> None:
    assert group_verdict([]) is GateVerdict.NO_DATA


def test_a_step_waits_for_those_before_it_and_says_for_which() -> None:
    steps = (step(StepKind.SCHEMA, name="schema"), step(StepKind.FLIP, "address", name="flip", after=("schema",)))
    plan = stood(*steps, gates=(gate(verdict=GateVerdict.GO),))
    assert [(one.state, one.next_step != "") for one in plan.steps] == [
        (StepState.NEXT, True),
        (StepState.LATER, False),
    ]
    assert plan.steps[1].why == "waits for: Schema"
    assert [one.step.name for one in plan.upcoming] == ["schema"]
    plan = stood(*steps, gates=(gate(verdict=GateVerdict.GO),), marks=(mark("schema"),))
    assert [one.state for one in plan.steps] == [StepState.DONE, StepState.NEXT]
    assert plan.headline == "1 of 2 steps done. Next: Flip."


def test_what_stands_in_the_way_already_is_told_while_a_step_waits() -> None:
    steps = (step(StepKind.SCHEMA, name="schema"), step(StepKind.FLIP, "address", name="flip", after=("schema",)))
    plan = stood(*steps, gates=(gate(verdict=GateVerdict.NO_GO),))
    assert plan.steps[1].why == "waits for: Schema; in the way already: address: address is no_go."


def test_trouble_is_told_first_and_never_waits() -> None:
    steps = (step(StepKind.SCHEMA, name="schema"), step(StepKind.FLIP, "address", name="flip", after=("schema",)))
    plan = stood(*steps, gates=(gate(verdict=GateVerdict.NO_GO, reads=Reads.POSTGRES),))
    assert [one.step.name for one in plan.upcoming] == ["flip", "schema"]
    assert plan.phases[0].state is StepState.TROUBLE


@pytest.mark.parametrize(
    ("marked", "expected"),
    [((), StepState.NEXT), (("a",), StepState.IN_PROGRESS), (("a", "b"), StepState.DONE)],
)
def test_a_phase_is_done_when_all_its_steps_are(marked: tuple[str, ...], expected: StepState) -> None:
    steps = (step(StepKind.OTHER, name="a"), step(StepKind.OTHER, name="b", after=("a",)))
    assert stood(*steps, marks=tuple(mark(name) for name in marked)).phases[0].state is expected


def test_a_plan_without_steps_says_so() -> None:
    plan = stand([], gates={}, groups={}, marks={})
    assert (plan.headline, plan.upcoming, plan.done) == ("No cutover is declared.", (), 0)


ON, OFF = Reads.POSTGRES, Reads.MONGO
GO, HOLD, OVER = GateVerdict.GO, GateVerdict.HOLD, GateVerdict.FLIPPED
CLAIMED = "marked as done by s.lee"
TOLD: Mapping[str, tuple[StepKind, tuple[Gate, ...], Mark | None, str, str]] = {
    "a mark missing": (StepKind.SCHEMA, (), None, "done when someone marks it", MARK_IT),
    "a mark": (StepKind.SCHEMA, (), mark(), f"{CLAIMED}: as agreed", ""),
    "a mark taken back": (StepKind.OTHER, (), mark(done=False), "taken back by s.lee: as agreed", MARK_IT),
    "copied, flipped": (StepKind.BACKFILL, (gate(verdict=OVER, reads=ON),), None, "its flags are on PostgreSQL", ""),
    "copied, equal": (
        StepKind.REMAP, (gate(),), None, "the newest scans find every record in both stores, and equal", "",
    ),
    "copied, marked": (StepKind.REMAP, (gate(),), mark(), f"{CLAIMED}: as agreed", ""),
    "copied, no domain": (StepKind.REMAP, (), None, "done when someone marks it", MARK_IT),
    "verified": (StepKind.VERIFY, (gate(), gate("review")), None, "address and review: in order", ""),
    "verified, no domain": (StepKind.VERIFY, (), None, "names no domain to look at", ""),
    "verified, no run": (
        StepKind.VERIFY, (gate(verdict=GateVerdict.NO_DATA, open_diffs=CheckResult.PENDING),), None,
        "address: no run has ended yet", "look at address",
    ),
    "verified, no check": (
        StepKind.VERIFY, (replace(gate(verdict=HOLD), checks=()),), None,
        "address: address is hold.", "look at address",
    ),
    "soaking": (StepKind.SOAK, (gate(),), None, "address: soak soak told", "look at address"),
    "to flip": (
        StepKind.FLIP, (gate(verdict=GO), gate("review", GO)), None,
        "every gate is at go", "set `ADDRESS_STORE=postgres REVIEW_STORE=postgres` on the backend",
    ),
    "to flip, no domain": (StepKind.FLIP, (), None, "names no domain to flip", ""),
    "to flip, marked without a domain": (StepKind.FLIP, (), mark(), "names no domain to flip", ""),
    "to flip, no flag": (
        StepKind.FLIP, (gate(live=False), gate("review", live=False)), None,
        "no live flag reads address and review yet", "",
    ),
    "to flip, ready": (
        StepKind.FLIP, (gate(verdict=GateVerdict.READY), gate("review", GO)), None,
        "address: address is ready.", "look at address",
    ),
    "to flip, soaking": (StepKind.FLIP, (gate(),), None, "address: address is soaking.", "look at address"),
    "to flip, held": (StepKind.FLIP, (gate(verdict=HOLD),), None, "address: address is hold.", "look at address"),
    "flipped": (
        StepKind.FLIP, (gate(verdict=OVER, reads=ON), gate("review", OVER, reads=ON)), None,
        "address and review read PostgreSQL, in order", "",
    ),
    "flipped too early": (
        StepKind.FLIP, (gate(verdict=HOLD, reads=ON),), None,
        "address reads PostgreSQL, and: address is hold.", "look at address",
    ),
    "flipped in part": (
        StepKind.FLIP, (gate(verdict=OVER, reads=ON), gate("review", GO), gate("shop", HOLD)), None,
        "address flipped and review and shop not: together or not at all", "look at shop",
    ),
    "claimed": (
        StepKind.FLIP, (gate(verdict=GO, reads=None),), mark(), f"{CLAIMED}, no flag is watched: as agreed", "",
    ),
    "claimed, not seen": (
        StepKind.FLIP, (gate(verdict=GO, reads=None), gate("review", GO, reads=OFF)), mark(),
        f"{CLAIMED}, and review was seen to read MongoDB", "look at review",
    ),
    "claimed too early": (
        StepKind.FLIP, (gate(verdict=GO, reads=None), gate("review", HOLD, reads=None)), mark(),
        f"{CLAIMED}, and review: review is hold.", "look at review",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TOLD)
def test_a_step_says_why_it_stands_there_and_what_is_next(case: str) -> None:
    kind, gates, marked, why, next_step = TOLD[case]
    (found,) = stood(step(kind, *(one.domain for one in gates)), gates=gates, marks=(marked,) if marked else ()).steps
    assert (found.why, found.next_step, found.mark, found.gates) == (why, next_step, marked, gates)


def test_a_step_is_of_a_flip_group_only_where_all_its_domains_are() -> None:
    gates = {name: gate(name, GO) for name in ("category", "review")}
    for groups, named in (
        ({"category": "reference", "review": "reference"}, "reference"),
        ({"category": "reference", "review": "other"}, None),
        ({"category": "reference"}, None),
        ({}, None),
    ):
        flip = step(StepKind.FLIP, "category", "review")
        plan = stand([Phase(title="All", steps=(flip,))], gates=gates, groups=groups, marks={})
        found = plan.steps[0].group
        assert (found.name if found else None) == named
