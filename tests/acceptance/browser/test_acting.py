"""Buttons of the pages on real stores: a scan, a record read again and revealed, a note on a cluster."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from reconciler.adapters.report_store import SqliteReportStore
from reconciler.core.access import Actor, Means, Role
from reconciler.core.model import Mode
from reconciler.web.entrance import Entrance
from tests.acceptance.browser.board import NOW, StoppedClock, services, serving
from tests.acceptance.canaries import plant_canaries
from tests.acceptance.command import command_line
from tests.acceptance.live import LiveSandbox
from tests.acceptance.served import Served, served

pytestmark = [pytest.mark.acceptance, pytest.mark.browser]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOK = "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewers(Entrance):
    """Everybody may look, and do nothing else."""

    async def identify(self, request: web.Request) -> Actor:
        return Actor(name=request.headers.get("X-Who", "otto"), role=Role.VIEWER, means=Means.TOKEN)


@pytest.fixture
def service(live_sandbox: LiveSandbox, tmp_path: Path) -> Iterator[Served]:
    with live_sandbox.shop(live_sandbox.template()) as shop:
        plant_canaries(shop)
        reconciler = command_line(mongodb_uri=shop.reader_mongodb_uri, pg_url=shop.reader_pg_url, folder=tmp_path)
        with served(reconciler) as opened:
            yield opened


@pytest.fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """A small screen that follows our own pages' policy."""
    context = await chromium.new_context(viewport={"width": 390, "height": 844})
    yield await context.new_page()
    await context.close()


async def accessible(page: Page) -> None:
    """The page as axe sees it, and no wider than the screen."""
    await page.evaluate(AXE)
    found = await page.evaluate(LOOK, RULES)
    assert found["passes"], "axe looked at nothing"
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_a_scan_a_look_and_a_note(page: Page, service: Served) -> None:
    site = f"http://127.0.0.1:{service.port}"
    await page.goto(f"{site}/domains/address")
    await page.get_by_role("button", name="Run a scan of address now").click()
    assert page.url == f"{site}/runs/1"
    await expect(page.get_by_role("button", name="Cancel run 1")).to_be_visible()
    await accessible(page)
    service.ended("/api/v1/runs/1")
    await page.goto(f"{site}/runs/1")
    await expect(page.locator("#environment")).to_contain_text("PostgreSQL read through")
    await page.get_by_role("button", name="Recheck only what differs").click()
    assert page.url == f"{site}/runs/2"
    assert service.ended("/api/v1/runs/2")["run"]["mode"] == "keys"
    diff = next(
        one
        for one in service("GET", "/api/v1/diffs?domain=address&limit=500").json["diffs"]
        if any(field.get("redacted") == "pii" for field in one["fields"])
    )
    await page.goto(f"{site}/diffs/{diff['id']}")
    await page.get_by_role("button", name="Read it again now").click()
    await expect(page.get_by_text("It still differs.")).to_be_visible()
    await accessible(page)
    await page.get_by_role("button", name="Reveal its values").click()
    await expect(page.get_by_text("in the clear, and written into the audit log")).to_be_visible()
    await accessible(page)
    assert service.acts("reveal")[0]["comment"].startswith(f"diff {diff['id']} ")
    await page.goto(f"{site}/clusters/K-1")
    await page.get_by_text("Note owner, note and link").click()
    await page.get_by_label("Owner").fill("m.ortiz")
    await page.get_by_label("Link").fill("https://tickets.example/4711")
    await accessible(page)
    await page.get_by_role("button", name="Save the note").click()
    await expect(page.get_by_role("link", name="https://tickets.example/4711")).to_be_visible()
    await accessible(page)


async def test_who_may_only_look_is_told_why_a_button_is_off(
    page: Page, store: SqliteReportStore, clock: StoppedClock
) -> None:
    shown = services(store, clock=clock)
    async with serving(replace(shown, entrance=Viewers(sign_in=shown.entrance.sign_in))) as site:
        for path, right, buttons in (
            ("/", "operate", 1),
            ("/domains/address", "operate", 1),
            ("/clusters/K-1", "operate", 1),
            ("/diffs/12", "reveal", 2),
            ("/runs/18", "operate", 2),
            ("/schedule", "operate", 1),
        ):
            await page.goto(f"{site}{path}")
            assert await page.get_by_text(f"Your role viewer lacks the right to {right}.").count() >= buttons, path
            assert await page.locator(".denied button:enabled").count() == 0
            await accessible(page)


async def test_a_job_is_paused_and_goes_on(page: Page, url: str, store: SqliteReportStore) -> None:
    await page.goto(f"{url}/schedule")
    form = page.locator("form[action='/schedule/pause']")
    await form.get_by_label("Domain").select_option("payment")
    await form.get_by_label("Runs").select_option("scan")
    await form.get_by_label("Until").fill("2026-03-21T07:00")
    await form.get_by_label("Reason").fill("PostgreSQL is being upgraded")
    await form.get_by_role("button", name="Pause").click()
    row = page.locator("#pauses tbody tr")
    await expect(row).to_contain_text("PostgreSQL is being upgraded")
    await accessible(page)
    (pause,) = await store.pauses(since=NOW)
    assert (pause.domain, pause.mode, pause.until) == ("payment", Mode.SCAN, datetime(2026, 3, 21, 7, tzinfo=UTC))
    await page.goto(f"{url}/domains/payment")
    await expect(page.get_by_text("scans are paused by ops until")).to_be_visible()
    await page.goto(f"{url}/schedule")
    await row.get_by_label("Why").fill("the upgrade is done")
    await row.get_by_role("button", name="Resume").click()
    await expect(page.locator("#pauses")).to_have_count(0)
