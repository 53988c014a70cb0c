"""The pages in a real browser: accessible in light and dark, whole on a phone, grey when old, useful without script."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from typing import Literal

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Route

from reconciler.adapters.report_store import SqliteReportStore
from tests.acceptance.browser.board import POISON, Seeder, StoppedClock, services, serving, system

pytestmark = [pytest.mark.acceptance, pytest.mark.browser]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PATHS = (
    "/",
    "/domains/address",
    "/domains/address?days=30",
    "/domains/config",
    "/domains/payment",
    "/domains/blog",
    "/runs",
    "/runs?domain=address",
    "/runs/21",
    "/runs/20",
    "/runs/18",
    "/diffs",
    "/diffs/12",
    "/diffs/15",
    "/clusters",
    "/clusters?by=field&state=ongoing",
    "/clusters/K-1",
    "/clusters/K-5",
    "/approvals",
    "/approvals/1",
    "/approvals/2",
    "/audit",
    "/cutover",
    "/schedule",
    "/health",
    "/login",
)


@asynccontextmanager
async def opened(
    chromium: Browser, *, scheme: Literal["light", "dark"] = "light", width: int = 1280, script: bool = True
) -> AsyncIterator[Page]:
    """A page of its own; anything the console says against us fails the test."""
    context = await chromium.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=script
    )
    page = await context.new_page()
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    await context.close()
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_every_page_is_accessible_and_fits(
    chromium: Browser, url: str, scheme: Literal["light", "dark"], width: int
) -> None:
    found = {}
    async with opened(chromium, scheme=scheme, width=width) as page:
        for path in PATHS:
            answer = await page.goto(url + path)
            assert answer is not None
            assert answer.ok
            await page.evaluate(AXE)
            result = await page.evaluate(
                "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
            )
            assert result["passes"], "axe looked at nothing"
            found[path] = [(one["id"], one["nodes"][0]["html"]) for one in result["violations"]]
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} scrolls sideways"
    assert {path: violations for path, violations in found.items() if violations} == {}


async def test_a_page_that_hears_nothing_turns_grey_and_says_so(chromium: Browser, url: str) -> None:
    async with opened(chromium) as page:
        await page.clock.install()
        await page.goto(url)
        await page.route("**/*", lambda route: route.abort())
        await page.clock.run_for(60_000)
        assert await page.evaluate("document.body.hasAttribute('data-stale')") is False
        await page.clock.run_for(35_000)
        assert await page.evaluate("document.body.hasAttribute('data-stale')") is True
        told = page.locator("#stale")
        assert await told.is_visible()
        assert "this is old data" in await told.inner_text()
        await page.unroute_all()
        await page.clock.run_for(31_000)
        await told.wait_for(state="hidden")


async def test_an_error_answer_never_keeps_an_old_green_fresh(chromium: Browser, url: str) -> None:
    async def unreadable(route: Route) -> None:
        await route.fulfill(response=await route.fetch(), status=503)

    async with opened(chromium) as page:
        await page.clock.install()
        await page.goto(f"{url}/domains/auth")
        await page.route("**/*", unreadable)
        for _ in range(3):
            async with page.expect_response("**/domains/auth", timeout=10_000):
                await page.clock.run_for(31_000)
            await page.wait_for_timeout(300)
        await page.clock.run_for(2_000)
        assert await page.evaluate("document.body.hasAttribute('data-stale')") is True


async def test_a_page_brings_itself_up_to_date(
    chromium: Browser, url: str, store: SqliteReportStore, clock: StoppedClock
) -> None:
    async with opened(chromium) as page:
        await page.clock.install()
        await page.goto(f"{url}/domains/address")
        await page.locator("summary").first.click()
        clock.at += timedelta(minutes=5)
        known = system()
        await Seeder(store=store, system=known).run(clock.at - timedelta(minutes=12), [known.domain("address")])
        await page.clock.run_for(31_000)
        await page.locator("#checks + table").get_by_text("run 22").first.wait_for()
        assert await page.title() == "(3 checks open) SOAKING · Addresses · shop-prod"
        assert await page.locator("details").first.get_attribute("open") is not None
        assert await page.locator("link[rel=icon]").get_attribute("href") == "/static/favicon-progress.svg"


async def test_updates_can_be_paused(chromium: Browser, url: str) -> None:
    async with opened(chromium) as page:
        await page.clock.install()
        await page.goto(url)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if request.resource_type == "fetch" else None)
        await page.get_by_role("button", name="Pause updates").click()
        await page.clock.run_for(65_000)
        assert asked == []
        await page.get_by_role("button", name="Resume updates").click()
        await page.clock.run_for(2_000)
        assert asked == [f"{url}/"]


async def test_without_script_every_domain_is_told_and_the_overview_reloads(chromium: Browser, url: str) -> None:
    async with opened(chromium, script=False) as page:
        await page.goto(url)
        assert await page.locator("table.matrix tbody tr").count() == 11
        assert await page.locator("meta[http-equiv=refresh]").count() == 1
        await page.get_by_role("link", name="Addresses", exact=True).click()
        assert await page.get_by_role("heading", level=1).inner_text() == "Addresses"
        assert await page.get_by_role("button", name="updates").count() == 0


async def test_values_of_a_record_run_nothing(chromium: Browser, url: str) -> None:
    async with opened(chromium) as page:
        said: list[str] = []
        page.on("dialog", lambda dialog: said.append(dialog.message))
        await page.goto(f"{url}/diffs/13")
        held = "".join(await page.locator(".held").all_inner_texts())
        assert POISON in held.replace("\n", "")
        assert await page.locator("main img").count() == 0
        assert said == []


async def test_the_keyboard_reaches_the_content_first(chromium: Browser, url: str) -> None:
    async with opened(chromium) as page:
        await page.goto(url)
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main"


async def test_diffs_of_a_cluster_are_walked_in_both_directions(chromium: Browser, url: str) -> None:
    async with opened(chromium) as page:
        await page.goto(f"{url}/clusters/K-1")
        await page.get_by_role("link", name="diff 2", exact=True).click()
        await page.get_by_role("link", name="Next in K-1").click()
        await page.wait_for_url("**/diffs/3?cluster=K-1")
        await page.get_by_role("link", name="Previous in K-1").click()
        await page.get_by_role("link", name="Previous in K-1").click()
        await page.wait_for_url("**/diffs/1?cluster=K-1")
        assert await page.get_by_role("link", name="Previous in K-1").count() == 0


async def test_on_paper_the_gate_can_be_signed(chromium: Browser, url: str) -> None:
    async with opened(chromium) as page:
        await page.goto(f"{url}/domains/config")
        assert not await page.get_by_text("Signature", exact=True).is_visible()
        await page.emulate_media(media="print")
        assert await page.get_by_text("Signature", exact=True).is_visible()
        assert not await page.get_by_role("navigation").first.is_visible()
        assert (await page.pdf(prefer_css_page_size=True)).startswith(b"%PDF")


async def test_an_approval_that_cannot_be_given_does_not_look_like_the_thing_to_do(chromium: Browser, url: str) -> None:
    looks = "button => getComputedStyle(button).backgroundColor"
    async with opened(chromium, script=False) as page:
        await page.goto(f"{url}/domains/address")
        approve = page.get_by_role("button", name="Approve flip of address")
        assert await approve.is_disabled()
        assert await approve.evaluate(looks) == await page.get_by_role("button", name="Reject").evaluate(looks)


async def test_the_overview_fits_one_sheet_and_a_screen_on_the_wall(chromium: Browser, url: str) -> None:
    async with opened(chromium, script=False) as page:
        await page.goto(url)
        printed = await page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
        await page.set_viewport_size({"width": 1920, "height": 1080})
        await page.goto(f"{url}/?wall=1")
        assert await page.evaluate("document.documentElement.scrollHeight") == 1080
        assert await page.locator(".matrix tbody tr").last.is_visible()
        assert await page.locator("#read").is_visible()


async def test_the_cutover_tells_where_each_step_stands(chromium: Browser, url: str) -> None:
    async with opened(chromium, script=False) as page:
        await page.goto(f"{url}/cutover")
        assert await page.locator("#auth_flip .state").inner_text() == "DONE"
        assert "waits for" in await page.locator("#address_flip .why").inner_text()
        assert "together or not at all" in await page.locator("#reference_flip .group").inner_text()
        await page.locator("#auth_flip").get_by_role("link", name="auth").click()
        assert page.url == f"{url}/domains/auth"


async def test_the_timeline_says_the_same_as_a_table_and_goes_back_as_far_as_asked(chromium: Browser, url: str) -> None:
    async with opened(chromium, script=False) as page:
        await page.goto(f"{url}/domains/address")
        drawn = page.locator("#timeline svg.wide")
        told = await drawn.get_attribute("aria-label")
        assert told is not None
        assert told.startswith("Last 14 days: ")
        bars = await drawn.locator("g.bar").count()
        moments = await drawn.locator("g.moment").count()
        assert await page.locator("#timeline tbody tr").count() == bars + moments
        await page.get_by_role("link", name="30 days").click()
        assert page.url == f"{url}/domains/address?days=30#timeline"
        assert str(await drawn.get_attribute("aria-label")).startswith("Last 30 days: ")


async def test_keys_walk_rows_open_them_and_go_places_unless_switched_off(chromium: Browser, url: str) -> None:
    held = "document.activeElement.getAttribute('href')"
    async with opened(chromium) as page:
        await page.goto(url)
        for key in ("j", "j", "j", "k"):
            await page.keyboard.press(key)
        assert await page.evaluate(held) == "/domains/marketplace"
        await page.keyboard.press("o")
        await page.wait_for_url("**/domains/marketplace")
        await page.keyboard.press("g")
        await page.keyboard.press("s")
        await page.wait_for_url("**/schedule")
        await page.keyboard.press("?")
        await page.get_by_role("dialog", name="Keyboard").wait_for()
        await page.evaluate(AXE)
        found = await page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
        assert [one["id"] for one in found["violations"]] == []
        await page.get_by_label("Single keys do something").uncheck()
        await page.keyboard.press("Escape")
        await page.keyboard.press("g")
        await page.keyboard.press("h")
        await page.wait_for_timeout(100)
        assert page.url == f"{url}/schedule"
        await page.goto(f"{url}/diffs/2?cluster=K-1")
        await page.get_by_role("button", name="Keyboard").click()
        await page.get_by_label("Single keys do something").check()
        await page.get_by_role("button", name="Close").click()
        await page.keyboard.press("j")
        await page.wait_for_url("**/diffs/3?cluster=K-1")


async def test_light_and_dark_are_kept_and_times_can_be_local(chromium: Browser, url: str) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    async with opened(chromium) as page:
        await page.goto(f"{url}/runs/21?x=1")
        assert await page.evaluate(ground) == "rgb(255, 255, 255)"
        await page.get_by_role("button", name="dark", exact=True).click()
        assert page.url == f"{url}/runs/21?x=1"
        await page.goto(url)
        assert await page.evaluate(ground) == "rgb(15, 20, 26)"
        told = page.locator(".matrix time .at").first
        before = await told.inner_text()
        await page.get_by_role("button", name="Show local times").click()
        assert await told.inner_text() != before
        assert " UTC · " in str(await page.locator(".matrix time").first.get_attribute("title"))
        await page.get_by_role("button", name="Show UTC").click()
        assert await told.inner_text() == before


async def test_an_announcement_stands_above_every_page(chromium: Browser, store: SqliteReportStore) -> None:
    given = replace(services(store), announcement="No flips before Monday.")
    async with serving(given) as site, opened(chromium) as page:
        for path in ("/", "/health", "/domains/address"):
            await page.goto(f"{site}{path}")
            assert await page.get_by_text("No flips before Monday.").is_visible()


async def test_nothing_scrolls_sideways_on_the_narrowest_screen(chromium: Browser, url: str) -> None:
    async with opened(chromium, width=320) as page:
        for path in PATHS:
            await page.goto(url + path)
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 320, f"{path} is {wide} px wide"
