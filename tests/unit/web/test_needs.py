"""What waits for a person: everything that does, nothing that is over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.app.ports import ClusterCount
from reconciler.core.gate_values import Check, CheckResult, GateVerdict
from reconciler.core.history import Waiver
from reconciler.web.views.needs import needs
from tests.unit.web.test_overview import NOTHING, NOW, gate

pytestmark = pytest.mark.unit

DAY = timedelta(days=1)
ASKED = Waiver(
    id=1,
    domain="a",
    check="coverage",
    reason="known",
    until=NOW + 30 * DAY,
    most=None,
    asked_by="kim",
    asked_at=NOW - DAY,
)
CLUSTER = ClusterCount(
    id="K-1",
    domain="a",
    entity="a",
    path="x",
    kind="value",
    title="x",
    cause="",
    diffs=3,
    first_run=1,
    last_run=1,
    first_seen_at=NOW,
    last_seen_at=NOW,
)


def told(*waivers: Waiver, clusters: tuple[ClusterCount, ...] = ()) -> list[str]:
    """What is said of a domain that soaks."""
    histories = {"a": replace(NOTHING, waivers=waivers)}
    return [one.what for one in needs([gate("a", GateVerdict.SOAKING)], histories, clusters, now=NOW)]


def test_only_ready_waits_for_approval() -> None:
    for verdict in GateVerdict:
        found = needs([gate("a", verdict)], {"a": NOTHING}, (), now=NOW)
        assert [one.what for one in found] == (["waits for approval"] if verdict is GateVerdict.READY else [])


def test_a_waiver_waits_for_its_second_person_and_is_told_before_it_ends() -> None:
    confirmed = replace(ASKED, confirmed_by="lee", confirmed_at=NOW)
    assert told(ASKED) == ["waiver of coverage waits for a second person"]
    assert told(confirmed) == []
    assert told(replace(confirmed, until=NOW + 7 * DAY)) == ["waiver of coverage ends"]
    assert told(replace(confirmed, until=NOW)) == []
    assert told(replace(ASKED, ended_by="kim", ended_at=NOW)) == []


def test_an_open_cluster_needs_an_owner() -> None:
    assert told(clusters=(CLUSTER,)) == ["K-1 has no owner (3 open diffs)"]
    assert told(clusters=(replace(CLUSTER, owner="kim"), replace(CLUSTER, open=False))) == []


def test_many_clusters_of_a_domain_are_one_need_and_crowd_out_no_other() -> None:
    many = [replace(CLUSTER, id=f"K-{number}", diffs=30 - number) for number in range(1, 20)]
    found = needs([], {}, (*many, replace(CLUSTER, id="K-20", domain="b")), now=NOW)
    assert [(one.href, one.name, one.what) for one in found] == [
        ("/clusters?domain=a", "a", "19 clusters have no owner (largest: K-1, 29 open diffs)"),
        ("/clusters/K-20", "b", "K-20 has no owner (3 open diffs)"),
    ]


def test_rules_that_have_ended_are_told() -> None:
    ended = Check(name="rules_valid", result=CheckResult.FAIL, measured="", needed="", since=None, evidence="")
    found = needs([replace(gate("a", GateVerdict.NO_GO), checks=(ended,))], {"a": NOTHING}, (), now=NOW)
    assert [one.href for one in found] == ["/domains/a#rules"]
