"""Runs in the background on a real report store: as many as the stores bear, and none is left behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.config_files import load_configuration
from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from reconciler.app.launching import MOST_AT_ONCE, Launcher
from reconciler.app.looks import RunRequest
from reconciler.app.ports import AuditFilter
from reconciler.core.access import Actor, Means, Role
from reconciler.core.audit import AuditAction
from reconciler.core.model import Mode, RunStatus
from reconciler.errors import AccessDenied, Conflict, StoreRefused
from reconciler.wiring import launcher, open_reports
from tests.acceptance.live import Shop

pytestmark = pytest.mark.contract

CONFIG = Path(__file__).resolve().parents[2] / "config"
OPERATOR = Actor(name="anna", role=Role.OPERATOR, means=Means.TOKEN)
VIEWER = Actor(name="otto", role=Role.VIEWER, means=Means.TOKEN)
REQUEST = RunRequest(
    domains=(load_configuration(folder=CONFIG, environ={}).system.domain("address"),), mode=Mode.SCAN, trigger="anna"
)


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 3, 20, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


class Hanging(AbstractAsyncContextManager[Any]):
    """Stores that never finish opening."""

    async def __aenter__(self) -> None:
        await asyncio.Event().wait()

    async def __aexit__(self, *_: object) -> None:
        """Nothing was opened."""


class Refusing(AbstractAsyncContextManager[Any]):
    """Stores that are refused."""

    async def __aenter__(self) -> None:
        raise StoreRefused("PostgreSQL on db.example", expected="an allowed host", got="another")

    async def __aexit__(self, *_: object) -> None:
        """Nothing was opened."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteReportStore]:
    async with open_report_store(tmp_path) as opened:
        yield opened


async def test_no_more_runs_are_started_by_hand_than_the_stores_bear(store: SqliteReportStore) -> None:
    launcher = Launcher(open_runs=Hanging, store=store, clock=Clock(), say=lambda _: None)
    waiting = [asyncio.create_task(launcher.start(REQUEST, actor=OPERATOR)) for _ in range(MOST_AT_ONCE)]
    await asyncio.sleep(0)
    with pytest.raises(Conflict, match="no further run"):
        await launcher.start(REQUEST, actor=OPERATOR)
    await launcher.close()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in ended] == [asyncio.CancelledError] * MOST_AT_ONCE


async def test_what_keeps_a_run_from_starting_is_raised_and_said_and_not_audited(store: SqliteReportStore) -> None:
    said: list[str] = []
    launcher = Launcher(open_runs=Refusing, store=store, clock=Clock(), say=said.append)
    with pytest.raises(StoreRefused):
        await launcher.start(REQUEST, actor=OPERATOR)
    with pytest.raises(StoreRefused):
        await launcher.carry_out(REQUEST)
    assert [line.partition(":")[0] for line in said] == ["a run not begun could not run"]
    assert await store.audit(AuditFilter()) == []


async def test_who_may_only_look_starts_and_stops_nothing(store: SqliteReportStore) -> None:
    launcher = Launcher(open_runs=Refusing, store=store, clock=Clock(), say=lambda _: None)
    with pytest.raises(AccessDenied):
        await launcher.start(REQUEST, actor=VIEWER)
    with pytest.raises(AccessDenied):
        await launcher.cancel(1, actor=VIEWER)


async def test_a_scheduled_run_is_waited_for_and_ends_with_whoever_waits(
    untouched_shop: Shop, tmp_path: Path, store: SqliteReportStore
) -> None:
    environ = {
        "MONGODB_URI": untouched_shop.reader_mongodb_uri,
        "PG_URL": untouched_shop.reader_pg_url,
        "RECONCILER_REPORTS": str(tmp_path / "scheduled"),
    }
    said: list[str] = []
    async with open_reports(load_configuration(folder=CONFIG, environ=environ)) as reports:
        run = await launcher(reports, said.append).carry_out(replace(REQUEST, mode=Mode.SAMPLE, sample=5))
        assert (run.status, said) == (RunStatus.COMPLETED, [f"run {run.id}: sample of address completed"])
        assert await reports.store.audit(AuditFilter(actions=(AuditAction.RUN_STARTED,))) == []
    hanging = Launcher(open_runs=Hanging, store=store, clock=Clock(), say=said.append)
    waiting = asyncio.create_task(hanging.carry_out(REQUEST))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert said[1:] == ["a run not begun stopped"]
