"""Pauses of scheduled runs: kept for ever, over by themselves or ended before, and written down in the audit log."""

from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.adapters.config_files import load_configuration
from reconciler.adapters.report_store import SqliteReportStore
from reconciler.app.pausing import Pausing
from reconciler.app.ports import AuditFilter
from reconciler.core.access import Actor, Means, Role
from reconciler.core.audit import AuditAction
from reconciler.core.model import Mode
from reconciler.core.pauses import held
from reconciler.core.spec import System
from reconciler.errors import AccessDenied, NotFound, ReconcilerError, UsageError
from reconciler.scheduler import Scheduler
from tests.unit.app_gate_world import SetClock
from tests.unit.gate_world import at

pytestmark = pytest.mark.contract

CONFIG = Path(__file__).resolve().parents[3] / "config"
ANNA = Actor(name="anna", role=Role.OPERATOR, means=Means.TOKEN)
OTTO = Actor(name="otto", role=Role.VIEWER, means=Means.TOKEN)


@pytest.fixture
def system() -> System:
    return load_configuration(folder=CONFIG, environ={}).system


@pytest.fixture
def clock() -> SetClock:
    return SetClock(hours=12)


@pytest.fixture
def pausing(store: SqliteReportStore, system: System, clock: SetClock) -> Pausing:
    return Pausing(system=system, ledger=store, clock=clock)


async def test_a_pause_holds_until_its_end_and_is_written_down(
    pausing: Pausing, store: SqliteReportStore, system: System
) -> None:
    jobs = await pausing.pause(["address"], mode=Mode.SCAN, reason=" upgrade ", until=at(20), actor=ANNA)
    assert jobs == (("address", Mode.SCAN),)
    (pause,) = await store.pauses(since=at(0))
    assert (pause.reason, pause.actor, pause.at, pause.until, pause.over_at) == (
        "upgrade", "anna", at(12), at(20), at(20),
    )  # fmt: skip
    assert (await store.history(system.domain("address"), since=at(0))).pauses == (pause,)
    assert (await store.history(system.domain("auth"), since=at(0))).pauses == ()
    assert await store.pauses(since=at(21)) == ()
    (entry,) = await store.audit(AuditFilter(actions=(AuditAction.SCHEDULE_PAUSED,)))
    assert (entry.act.domain, entry.act.comment) == (
        "address",
        "scan of address until 2025-11-20 20:00:00 UTC: upgrade",
    )


async def test_a_job_goes_on_before_its_pause_is_over(
    pausing: Pausing, store: SqliteReportStore, clock: SetClock
) -> None:
    await pausing.pause(["address", "auth"], mode=None, reason="upgrade", until=at(20), actor=ANNA)
    clock.hours = 14
    assert await pausing.resume(["auth"], mode=Mode.SAMPLE, reason="done", actor=ANNA) == (("auth", Mode.SAMPLE),)
    pauses = await store.pauses(since=at(0))
    assert [(one.domain, one.mode, one.over_at, one.ended_by) for one in pauses] == [
        ("address", Mode.SAMPLE, at(20), ""),
        ("address", Mode.SCAN, at(20), ""),
        ("auth", Mode.SAMPLE, at(14), "anna"),
        ("auth", Mode.SCAN, at(20), ""),
    ]
    with pytest.raises(UsageError, match="none among those named"):
        await pausing.resume(["auth"], mode=Mode.SAMPLE, reason="again", actor=ANNA)


async def test_a_second_pause_takes_the_place_of_the_first(
    pausing: Pausing, store: SqliteReportStore, clock: SetClock
) -> None:
    await pausing.pause(["address"], mode=Mode.SCAN, reason="short", until=at(20), actor=ANNA)
    clock.hours = 15
    await pausing.pause(["address"], mode=Mode.SCAN, reason="longer", until=at(40), actor=ANNA)
    now = held(await store.pauses(since=at(0)), domain="address", mode=Mode.SCAN, at=at(15))
    assert now is not None
    assert (now.reason, now.over_at) == ("longer", at(40))


async def test_what_is_no_pause_is_refused(pausing: Pausing, store: SqliteReportStore) -> None:
    for domains, reason, until, actor, refusal in (
        (["address"], "why", at(12), ANNA, UsageError),
        (["address"], "why", at(12) + timedelta(days=32), ANNA, UsageError),
        (["address"], " ", at(20), ANNA, UsageError),
        (["adress"], "why", at(20), ANNA, NotFound),
        (["address"], "why", at(20), OTTO, AccessDenied),
    ):
        with pytest.raises(refusal):
            await pausing.pause(domains, mode=None, reason=reason, until=until, actor=actor)
    with pytest.raises(AccessDenied):
        await pausing.resume([], mode=None, reason="why", actor=OTTO)
    assert await store.pauses(since=at(0)) == ()


async def test_the_scheduler_starts_nothing_that_is_paused(
    pausing: Pausing, store: SqliteReportStore, system: System
) -> None:
    await pausing.pause(["address"], mode=Mode.SCAN, reason="upgrade", until=at(20), actor=ANNA)
    said: list[str] = []
    started: list[tuple[str, Mode]] = []

    async def start(domain: object, mode: Mode) -> None:
        started.append((getattr(domain, "name", ""), mode))

    async def paused(domain: str, mode: Mode) -> str:
        return "paused by anna" if held(await store.pauses(since=at(12)), domain=domain, mode=mode, at=at(12)) else ""

    scheduler = Scheduler(system, start=start, say=said.append, paused=paused)
    for job in scheduler.jobs:
        if job.domain == "address":
            await scheduler.begin(job)
    assert (started, said) == ([("address", Mode.SAMPLE)], ["scan of address left out: paused by anna"])


async def test_an_unreadable_database_starts_nothing(system: System) -> None:
    said: list[str] = []

    async def start(_domain: object, _mode: Mode) -> None:
        raise AssertionError("started")

    async def paused(_domain: str, _mode: Mode) -> str:
        raise ReconcilerError("the report database can't be read")

    scheduler = Scheduler(system, start=start, say=said.append, paused=paused)
    await scheduler.begin(scheduler.jobs[0])
    assert said == [f"scan of {scheduler.jobs[0].domain} could not run: the report database can't be read"]
