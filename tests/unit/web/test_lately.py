"""What happened in the last day: changes of what runs say, and acts; nothing older, the newest first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.access import SERVICE
from reconciler.core.audit import Act, AuditAction, AuditEntry
from reconciler.core.history import DomainRun
from reconciler.core.model import Outcome, RunStatus
from reconciler.web.views.days import Judgements
from reconciler.web.views.lately import MOST, lately
from tests.unit.gate_world import a_history, a_run, summary

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 20, 22, 0, 0, tzinfo=UTC)


def run(number: int, *, ago: float, differs: bool = False, status: RunStatus = RunStatus.COMPLETED) -> DomainRun:
    entity = summary(outcomes={Outcome.FIELD_MISMATCH: 1}) if differs else summary()
    began = NOW - timedelta(hours=ago)
    return replace(a_run(number, hours=0, status=status, entities=(entity,)), started_at=began, finished_at=began)


def entry(action: AuditAction, *, ago: float, domain: str = "address", comment: str = "read") -> AuditEntry:
    act = Act(actor=SERVICE, action=action, at=NOW - timedelta(hours=ago), domain=domain, comment=comment)
    return AuditEntry(number=1, act=act, previous="", digest="")


def told(*runs: DomainRun, entries: tuple[AuditEntry, ...] = ()) -> list[str]:
    found = lately({"address": a_history(*runs)}, entries, now=NOW, judgements=Judgements())
    return [f"{one.before.word} {one.after.word} {one.href}" if one.before and one.after else one.told for one in found]


def test_a_run_that_says_something_else_is_an_event_and_one_that_repeats_is_none() -> None:
    runs = (run(4, ago=1), run(3, ago=2, differs=True), run(2, ago=3, differs=True), run(1, ago=4))
    assert told(*runs) == ["DIFFS CLEAN /runs/4", "CLEAN DIFFS /runs/2"]


def test_what_is_older_than_a_day_or_under_way_is_left_out() -> None:
    assert told(run(2, ago=25, differs=True), run(1, ago=26)) == []
    assert told(run(2, ago=1, differs=True, status=RunStatus.RUNNING), run(1, ago=4)) == []


def test_acts_stand_among_runs_by_their_time() -> None:
    acts = (entry(AuditAction.APPROVE, ago=1.5), entry(AuditAction.SIGNED_IN, ago=0.5))
    assert told(run(2, ago=1, differs=True), run(1, ago=2), entries=acts) == [
        "CLEAN DIFFS /runs/2",
        "approved by reconciler: read",
    ]


def test_a_long_comment_is_cut_and_an_act_on_several_domains_leads_to_the_log() -> None:
    (event,) = lately(
        {}, [entry(AuditAction.SCHEDULE_PAUSED, ago=1, domain="", comment="x" * 200)], now=NOW, judgements=Judgements()
    )
    assert event.told.endswith("x…")
    assert event.href == "/audit?action=schedule_paused"


def test_no_more_are_told_than_are_read() -> None:
    runs = [run(30 - number, ago=number / 2, differs=bool(number % 2)) for number in range(1, 25)]
    assert len(told(*runs)) == MOST
