"""`/metrics` over a report database with two weeks of runs: every metric, true to what the pages say, and no value."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from reconciler.adapters.report_store import open_report_store
from reconciler.app.metrics import METRICS
from reconciler.core.access import Role
from tests.acceptance.access.doors import bearer, site
from tests.acceptance.browser.board import POISON, StoppedClock, seed, services, serving

pytestmark = pytest.mark.acceptance

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def series_in(text: str) -> Series:
    families = list(text_string_to_metric_families(text))
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def of(series: Series, name: str, **labels: str) -> dict[tuple[tuple[str, str], ...], float]:
    wanted = set(labels.items())
    return {told: value for (one, told), value in series.items() if one == name and wanted <= set(told)}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured") / "reports"
    asyncio.run(seed(folder))
    return folder


@pytest.fixture
async def board(seeded: Path) -> AsyncIterator[ClientSession]:
    async with (
        open_report_store(seeded) as store,
        serving(services(store)) as url,
        ClientSession(url) as http,
    ):
        yield http


async def scraped(http: ClientSession) -> tuple[str, Series]:
    async with http.get("/metrics") as answer:
        text = await answer.text()
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return text, series_in(text)


async def test_it_tells_what_the_overview_tells(board: ClientSession) -> None:
    text, series = await scraped(board)
    async with board.get("/api/v1/overview") as answer:
        rows: list[Mapping[str, str]] = (await answer.json())["domains"]
    now = {(row["domain"], row["verdict"]) for row in rows}
    told = of(series, "reconciler_gate_verdict").items()
    assert {(dict(labels)["domain"], dict(labels)["verdict"]) for labels, value in told if value == 1} == now
    names = {family.name for family in text_string_to_metric_families(text)}
    assert names == {one.name.removesuffix("_total") for one in METRICS}


async def test_what_differs_is_counted_and_what_nobody_compared_is_not_zero(board: ClientSession) -> None:
    _, series = await scraped(board)
    assert sum(of(series, "reconciler_open_records", domain="address").values()) > 0
    assert of(series, "reconciler_open_records", domain="funds_ledger") == {}
    assert of(series, "reconciler_open_diffs", domain="address", kind="missing_in_target") == {
        (("domain", "address"), ("kind", "missing_in_target")): 3
    }
    assert list(of(series, "reconciler_last_complete_run_timestamp_seconds", domain="funds_ledger").values()) == [0]
    assert list(of(series, "reconciler_coverage_ratio", domain="funds_ledger").values()) == [0]
    assert of(series, "reconciler_notification_channel_well") == {(("channel", "ops"),): 0, (("channel", "pager"),): 0}
    assert list(of(series, "reconciler_reads_target", domain="auth").values()) == [1]


async def test_a_restart_changes_no_total(seeded: Path) -> None:
    told = []
    for _ in range(2):
        async with open_report_store(seeded) as store, serving(services(store)) as url, ClientSession(url) as http:
            text, _ = await scraped(http)
            told.append([line for line in text.splitlines() if "_total" in line or "_seconds" in line])
    assert told[0] == told[1]


async def test_no_value_and_no_key_is_in_it(board: ClientSession) -> None:
    text, _ = await scraped(board)
    for planted in (POISON, "01067", "Köln", "64f1c0a2e9b1", "postalCode"):
        assert planted not in text


async def test_age_shows_while_nothing_runs(seeded: Path) -> None:
    """The same database a week later: no gate that was green is green still."""
    async with open_report_store(seeded) as store:
        clock = StoppedClock()
        given = services(store, clock=clock)
        clock.at = clock.at.replace(day=28)
        async with serving(given) as url, ClientSession(url) as http:
            _, series = await scraped(http)
    assert sum(of(series, "reconciler_gate_verdict", verdict="go").values()) == 0


async def test_a_database_that_cannot_be_read_is_no_answer(tmp_path: Path) -> None:
    async with open_report_store(tmp_path / "reports") as store:
        given = services(store)
    async with (
        serving(given) as url,
        ClientSession(url) as http,
        http.get("/metrics") as answer,
    ):
        assert answer.status >= 500
        assert "reconciler_" not in await answer.text()


async def test_it_takes_the_right_to_view(tmp_path: Path) -> None:
    async with site(tmp_path / "reports") as opened:
        assert (await opened.asked("GET", "/metrics")).status == 401
        assert (await opened.asked("GET", "/metrics", headers=bearer(await opened.token(Role.VIEWER)))).status == 200
