"""Pages that are told of news: at once, without losing the reader's place; and grey once the server is gone."""

from datetime import timedelta

import aiohttp
import pytest
from playwright.async_api import Browser

from reconciler.adapters.report_store import SqliteReportStore
from reconciler.web import events
from tests.acceptance.browser.board import Seeder, StoppedClock, services, serving, system
from tests.acceptance.browser.test_pages import opened

pytestmark = [pytest.mark.acceptance, pytest.mark.browser]


async def run_more(store: SqliteReportStore, clock: StoppedClock) -> None:
    """One more run of a domain, which is news."""
    clock.at += timedelta(minutes=5)
    known = system()
    await Seeder(store=store, system=known).run(clock.at - timedelta(minutes=12), [known.domain("address")])


async def test_news_reach_a_page_at_once_and_leave_the_reader_where_they_were(
    chromium: Browser, url: str, store: SqliteReportStore, clock: StoppedClock
) -> None:
    async with opened(chromium) as page:
        await page.clock.install()
        async with page.expect_response("**/events") as listening:
            await page.goto(f"{url}/domains/address")
        assert (await listening.value).ok
        await page.clock.pause_at(await page.evaluate("Date.now() + 1000"))
        await page.locator("summary").first.click()
        await page.locator("main a[href='/runs/21']").first.focus()
        await run_more(store, clock)
        await page.locator("#checks + table").get_by_text("run 22").first.wait_for()
        assert await page.locator("details").first.get_attribute("open") is not None
        assert await page.evaluate("document.activeElement.getAttribute('href')") == "/runs/21"


async def test_a_page_whose_server_is_gone_turns_grey(
    chromium: Browser, store: SqliteReportStore, clock: StoppedClock
) -> None:
    async with opened(chromium) as page:
        await page.clock.install()
        async with serving(services(store, clock=clock)) as address:
            await page.goto(address)
        await page.clock.run_for(95_000)
        assert await page.evaluate("document.body.hasAttribute('data-stale')") is True
        assert "No update since" in await page.locator("#stale").inner_text()


async def test_the_stream_beats_tells_of_news_and_ends_with_the_service(
    store: SqliteReportStore, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.0)
    async with aiohttp.ClientSession() as session:
        async with serving(services(store, clock=clock)) as address:
            stream = await session.get(f"{address}/events", headers={"Accept-Encoding": "gzip"})
            assert stream.content_type == "text/event-stream"
            assert "Content-Encoding" not in stream.headers
            assert (stream.headers["Cache-Control"], stream.headers["X-Accel-Buffering"]) == ("no-store", "no")
            heard = await stream.content.readuntil(b": heartbeat\n\n")
            assert b"changed" not in heard
            await run_more(store, clock)
            assert await stream.content.readuntil(b"event: changed\n")
        assert b"changed" not in await stream.content.read()


async def test_who_comes_back_is_told_what_was_missed(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        stream = await session.get(f"{url}/events", headers={"Last-Event-ID": "an older state"})
        assert await stream.content.readuntil(b"event: changed\n")


async def test_no_more_listen_than_the_service_bears(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_LISTENERS", 1)
    async with aiohttp.ClientSession() as session:
        first = await session.get(f"{url}/events")
        assert first.ok
        second = await session.get(f"{url}/events")
        assert second.status == 503
