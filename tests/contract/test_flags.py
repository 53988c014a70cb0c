"""The flags as the backend's health page shows them or people record them, on a real store and a real page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from aiohttp import web

from reconciler.adapters.backend_health import BackendHealth
from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from reconciler.app.approvals import Approvals
from reconciler.app.flags import Flags, FlagWatch
from reconciler.app.ports import AuditFilter
from reconciler.app.verdicts import Verdicts
from reconciler.core.access import Actor, Means, Role
from reconciler.core.gate_values import Reads
from reconciler.core.spec import System
from reconciler.errors import AccessDenied, Conflict, UsageError
from tests.unit.app_gate_world import Ledgers, SetClock, some_ledgers, some_verdicts
from tests.unit.gate_world import domain_spec

pytestmark = pytest.mark.contract

ANNA = Actor(name="anna", role=Role.OPERATOR, means=Means.TOKEN)
KNOWN = System(domains=(domain_spec(), domain_spec("wallet", entities=("wallet",), live_flag=False)))


@dataclass
class Page:
    """The backend's page; `modes` None makes it nonsense."""

    modes: dict[str, str] | None = field(default_factory=dict)

    async def answer(self, _request: web.Request) -> web.Response:
        return web.json_response({"checks": {"postgres": {"storeModes": self.modes}}} if self.modes else ["?"])


@asynccontextmanager
async def served(page: Page) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/api/health", page.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}/api/health"
    await runner.cleanup()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteReportStore]:
    async with open_report_store(tmp_path / "reports") as opened:
        yield opened


def a_watch(store: SqliteReportStore, url: str = "") -> FlagWatch:
    """A process that watches, or takes what people record."""
    clock, flags = SetClock(step=0.01), Flags()
    verdicts = Verdicts(
        system=KNOWN,
        reports=store,
        clock=clock,
        code_version="1.0",
        plans={},
        flags=flags.states,
        rollbacks=flags.rollbacks,
    )
    backend = BackendHealth(url) if url else None
    return FlagWatch(system=KNOWN, backend=backend, store=store, verdicts=verdicts, clock=clock, flags=flags)


async def acts(store: SqliteReportStore) -> list[tuple[str, str]]:
    return [(entry.act.actor.name, entry.act.action.value) for entry in await store.audit(AuditFilter())]


async def test_the_page_is_watched_and_each_change_is_an_act(store: SqliteReportStore) -> None:
    page = Page(modes={"address": "mongo"})
    async with served(page) as url:
        watch = a_watch(store, url)
        for mode in ("mongo", "mongo", "postgres", "postgres", "mongo"):
            page.modes = {"address": mode}
            await watch.look()
            assert watch.flags.states["address"].reads == mode
            assert bool(watch.alarms()) is (mode == "postgres")
    assert await acts(store) == [("reconciler", "flag_seen"), ("reconciler", "flip"), ("reconciler", "rollback")]
    assert "address" in watch.flags.rollbacks


async def test_a_domain_that_writes_both_stores_still_reads_mongodb(store: SqliteReportStore) -> None:
    page = Page(modes={"address": "mongo"})
    async with served(page) as url:
        watch = a_watch(store, url)
        for mode, reads in (("mongo", "mongo"), ("dual", "mongo"), ("postgres", "postgres"), ("dual", "mongo")):
            page.modes = {"address": mode}
            await watch.look()
            assert watch.flags.states["address"].reads == reads
        page.modes = {"address": "both"}
        await watch.look()
        assert watch.flags.states["address"].reads is None
    assert [action for _, action in await acts(store)] == ["flag_seen", "flip", "rollback"]


async def test_a_page_that_makes_no_sense_is_not_an_assumption(store: SqliteReportStore) -> None:
    page = Page(modes={"address": "mongo"})
    async with served(page) as url:
        watch = a_watch(store, url)
        await watch.look()
        page.modes = None
        await watch.look()
        assert watch.flags.states["address"].reads is None
        assert watch.flags.states["address"].problem.startswith("the backend's health page: ")
        page.modes = {"address": "postgres", "ADDRESS_STORE": "mongo"}
        await watch.look()
    assert watch.flags.states["address"].problem == "the backend's health page contradicts itself"
    assert (watch.flags.states["address"].reads, watch.alarms()) == (None, {})


async def approved_watch(store: SqliteReportStore, ledgers: Ledgers, url: str, *domains: str) -> FlagWatch:
    """A watch over domains that have their approvals."""
    flags = Flags()
    verdicts = replace(some_verdicts(ledgers), flags=flags.states, rollbacks=flags.rollbacks)
    for domain in domains:
        digest = (await verdicts.gate(domain)).evidence_digest or ""
        someone = Actor(name="m.ortiz", role=Role.APPROVER, means=Means.TOKEN)
        approvals = Approvals(verdicts=verdicts, ledger=ledgers)
        await approvals.approve(domain, evidence_digest=digest, actor=someone, comment="read")
    return FlagWatch(
        system=verdicts.system,
        backend=BackendHealth(url),
        store=store,
        verdicts=verdicts,
        clock=verdicts.clock,
        flags=flags,
    )


async def test_a_restart_of_the_backend_does_not_take_the_go_from_a_flip(store: SqliteReportStore) -> None:
    page, names = Page(), ("auth", "address", "category", "review")
    async with served(page) as url:
        watch = await approved_watch(store, some_ledgers(), url, "category", "review")
        for mode in ("mongo", "", "postgres"):
            page.modes = {name: mode if name in ("category", "review") else "mongo" for name in names} if mode else None
            await watch.look()
        assert watch.alarms() == {}
        assert {gate.domain: gate.verdict.value for gate in await watch.verdicts.gates(("category", "review"))} == {
            "category": "flipped",
            "review": "flipped",
        }


async def test_a_page_that_cannot_be_read_is_not_filled_in_by_hand(store: SqliteReportStore) -> None:
    page = Page(modes={"address": "postgres"})
    async with served(page) as url:
        watch = a_watch(store, url)
        await watch.look()
        page.modes = None
        with pytest.raises(Conflict, match="health page"):
            await watch.record("address", reads=Reads.MONGO, actor=ANNA, comment="back")
        page.modes = {"address": "postgres"}
        await watch.look()
    assert watch.alarms().keys() == {"address"}


async def test_without_a_page_people_record_and_every_process_knows(store: SqliteReportStore) -> None:
    watch, another = a_watch(store), a_watch(store)
    await watch.look()
    assert watch.flags.states == {}
    state = await watch.record("address", reads=Reads.POSTGRES, actor=ANNA, comment="flipped")
    again = await watch.record("address", reads=Reads.POSTGRES, actor=ANNA, comment="flipped")
    assert (state.reads, state.had_go, state.origin, again) == (Reads.POSTGRES, False, "anna, by hand", state)
    await another.look()
    assert another.alarms() == {"address": "ALARM: ADDRESS_STORE reads postgres and no go was given"}
    await watch.record("address", reads=Reads.MONGO, actor=ANNA, comment="back")
    await another.look()
    assert another.alarms() == {}
    assert another.flags.rollbacks.keys() == {"address"}
    assert await acts(store) == [("anna", "flip"), ("anna", "rollback")]


async def test_what_the_page_denies_is_not_recorded(store: SqliteReportStore) -> None:
    async with served(Page(modes={"address": "mongo"})) as url:
        with pytest.raises(Conflict, match="as the backend's health page says"):
            await a_watch(store, url).record("address", reads=Reads.POSTGRES, actor=ANNA, comment="flipped")
    assert await acts(store) == [("reconciler", "flag_seen")]


async def test_a_record_needs_the_right_a_reason_and_a_flag(store: SqliteReportStore) -> None:
    watch, viewer = a_watch(store), Actor(name="oz", role=Role.VIEWER, means=Means.TOKEN)
    with pytest.raises(AccessDenied):
        await watch.record("address", reads=Reads.POSTGRES, actor=viewer, comment="flipped")
    with pytest.raises(UsageError, match="an empty one"):
        await watch.record("address", reads=Reads.POSTGRES, actor=ANNA, comment=" ")
    with pytest.raises(UsageError, match="a live flag"):
        await watch.record("wallet", reads=Reads.POSTGRES, actor=ANNA, comment="flipped")
    assert await acts(store) == []
