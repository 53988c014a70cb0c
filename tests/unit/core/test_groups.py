"""A flip group as one gate: the worst decides, who holds it back is named, and a group that went in part says so."""

from dataclasses import replace

import pytest

from reconciler.core.gate import CheckResult, Gate, GateFacts, GateVerdict, as_member, decide
from reconciler.core.groups import Group, group_gate, group_verdict
from tests.unit.gate_world import a_history, approved, at, domain_spec, flipped, nightly, some_facts, with_history

pytestmark = pytest.mark.unit


def member(name: str) -> GateFacts:
    """A domain of the group that lacks nothing but an approval."""
    history = a_history(*nightly(0, 24, 48, 72, 96, domain=name))
    return some_facts(history, spec=domain_spec(name, entities=(name,), flip_group="reference"))


def together(*facts: GateFacts) -> Group:
    """The group of these members, each judged beside the others."""
    members = [as_member(one) for one in facts]
    groups = [tuple(one for one in members if one.domain != each.data.spec.name) for each in facts]
    gates = [decide(replace(each, group=group)) for each, group in zip(facts, groups, strict=True)]
    return group_gate("reference", gates)


def test_a_group_may_go_when_every_member_may() -> None:
    group = together(approved(member("category")), approved(member("review")))
    assert (group.verdict, group.told) == (GateVerdict.GO, "together or not at all: go")
    assert (group.flip, group.rollback) == (
        "CATEGORY_STORE=postgres REVIEW_STORE=postgres",
        "CATEGORY_STORE=mongo REVIEW_STORE=mongo",
    )
    assert (group.next_step, group.valid_until) == ("", group.gates[0].valid_until)


def test_only_who_holds_the_group_back_is_named() -> None:
    bad = with_history(member("review"), open_confirmed=1)
    group = together(approved(member("category")), bad)
    assert [gate.verdict for gate in group.gates] == [GateVerdict.NO_GO, GateVerdict.NO_GO]
    assert (group.verdict, group.told) == (GateVerdict.NO_GO, "together or not at all: no go, as review")
    assert group.next_step == group.gates[1].next_step != ""


def test_who_soaks_holds_back_who_only_waits_for_an_approval() -> None:
    young = some_facts(
        a_history(*nightly(72, 96, domain="review")),
        spec=domain_spec("review", entities=("review",), flip_group="reference"),
    )
    group = together(member("category"), young)
    assert (group.verdict, group.told) == (GateVerdict.SOAKING, "together or not at all: soaking, as review")
    asking = together(member("category"), approved(member("review")))
    assert (asking.verdict, asking.told) == (GateVerdict.READY, "together or not at all: ready, as category")


def test_a_member_that_was_never_compared_holds_the_group() -> None:
    group = together(approved(member("category")), with_history(member("review"), runs=()))
    assert (group.verdict, group.told) == (GateVerdict.HOLD, "together or not at all: hold, as review")


def test_a_group_that_went_in_part_says_so() -> None:
    group = together(flipped(approved(member("category"))), approved(member("review")))
    assert group.told == "together or not at all: go; category reads PostgreSQL and review does not"


def test_a_group_of_none_is_no_group_that_may_go() -> None:
    group = group_gate("reference", [])
    assert (group.verdict, group_verdict([])) == (GateVerdict.NO_DATA, GateVerdict.NO_DATA)
    assert group.told == "together or not at all: no data"


def since(gate: Gate) -> object:
    (found,) = (check for check in gate.checks if check.name == "flip_group")
    return found.result, found.since


def test_the_group_tells_since_when_it_stands_so() -> None:
    good = together(approved(member("category")), approved(member("review")))
    assert since(good.gates[0]) == (CheckResult.PASS, at(99))
    bad = together(approved(member("category")), with_history(member("review"), open_confirmed=1))
    assert since(bad.gates[0]) == (CheckResult.FAIL, at(96.5))
    on = together(approved(member("category")), flipped(approved(member("review"))))
    assert since(on.gates[0]) == (CheckResult.PASS, at(99.5))
