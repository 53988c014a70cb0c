"""What people say of a step of the cutover is kept, both words of it, and written down in the audit log."""

from pathlib import Path

import pytest

from reconciler.adapters.config_files import load_configuration
from reconciler.adapters.report_store import SqliteReportStore
from reconciler.app.plan import Cutover
from reconciler.app.plan_documents import plan_document
from reconciler.app.ports import AuditFilter
from reconciler.app.verdicts import Verdicts
from reconciler.core.access import Actor, Means, Role
from reconciler.core.audit import AuditAction
from reconciler.core.cutover import StepState
from reconciler.errors import NotFound, UsageError
from tests.unit.app_gate_world import SetClock
from tests.unit.gate_world import at

pytestmark = pytest.mark.contract

CONFIG = Path(__file__).resolve().parents[3] / "config"
ANNA = Actor(name="anna", role=Role.OPERATOR, means=Means.TOKEN)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(hours=12)


@pytest.fixture
def cutover(store: SqliteReportStore, clock: SetClock) -> Cutover:
    """The bundled order over an empty store."""
    configuration = load_configuration(folder=CONFIG, environ={})
    verdicts = Verdicts(system=configuration.system, reports=store, clock=clock, code_version="1", plans={})
    return Cutover(
        phases=configuration.cutover, system=configuration.system, verdicts=verdicts, store=store, clock=clock
    )


async def test_nothing_is_done_before_anything_was_seen_or_said(cutover: Cutover) -> None:
    plan = await cutover.plan()
    assert plan.done == 0
    assert [one.step.name for one in plan.upcoming] == ["schema"]


async def test_a_mark_counts_until_it_is_taken_back_and_both_are_kept(
    cutover: Cutover, store: SqliteReportStore, clock: SetClock
) -> None:
    await cutover.mark("schema", done=True, actor=ANNA, comment="  migrations 1 to 42 ")
    plan = await cutover.plan()
    assert (plan.steps[0].state, plan.steps[1].state) == (StepState.DONE, StepState.NEXT)
    clock.hours += 1
    await cutover.mark("schema", done=False, actor=ANNA, comment="42 failed")
    assert (await cutover.plan()).steps[0].state is StepState.NEXT
    assert [(one.done, one.actor, one.comment, one.at) for one in await store.marks()] == [
        (True, "anna", "migrations 1 to 42", at(12)),
        (False, "anna", "42 failed", at(13)),
    ]
    acts = [entry.act for entry in await store.audit(AuditFilter())]
    assert [(act.action, act.actor, act.comment) for act in acts] == [
        (AuditAction.STEP_MARKED, ANNA, "schema: migrations 1 to 42"),
        (AuditAction.STEP_UNMARKED, ANNA, "schema: 42 failed"),
    ]


async def test_a_step_that_is_not_declared_and_a_mark_without_a_word_are_refused(
    cutover: Cutover, store: SqliteReportStore
) -> None:
    with pytest.raises(NotFound, match="expected one of schema, auth_backfill"):
        await cutover.mark("skema", done=True, actor=ANNA, comment="done")
    with pytest.raises(UsageError, match="comment"):
        await cutover.mark("schema", done=True, actor=ANNA, comment=" ")
    assert list(await store.marks()) == []


async def test_the_document_has_every_step_with_its_state(cutover: Cutover) -> None:
    await cutover.mark("schema", done=True, actor=ANNA, comment="applied")
    document = plan_document(await cutover.plan(), now=at(12))
    assert (document["done"], document["next"]) == (1, ["auth_backfill"])
    phases = document["phases"]
    assert isinstance(phases, list)
    first = phases[0]["steps"][0]
    assert (first["step"], first["state"], first["mark"]["actor"]) == ("schema", "done", "anna")
    flip = next(one for phase in phases for one in phase["steps"] if one["step"] == "reference_flip")
    assert flip["group"]["verdict"] == "no_data"
    assert set(flip["verdicts"]) == {"category", "level_config", "shop_settings", "review"}
