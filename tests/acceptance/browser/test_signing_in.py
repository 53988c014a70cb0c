"""Signing in and out as a person does, in a real browser, where somebody has to."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser

from reconciler.core.access import Role
from tests.acceptance.access.doors import Site, site
from tests.acceptance.browser.test_pages import AXE, RULES, opened

pytestmark = [pytest.mark.acceptance, pytest.mark.browser]


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path / "reports") as opened_site:
        yield opened_site


@pytest.mark.parametrize("script", ["on", "off"])
async def test_a_person_signs_in_with_a_token_and_out_again(chromium: Browser, guarded: Site, script: str) -> None:
    text = await guarded.token(Role.VIEWER, "alice")
    async with opened(chromium, script=script == "on") as page:
        await page.goto(f"{guarded.url}/runs?domain=auth")
        await page.get_by_label("Access token").fill("reconciler_wrong")
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_text("That token does not hold.").wait_for()
        await page.get_by_label("Access token").fill(text)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(f"{guarded.url}/runs?domain=auth")
        banner = page.get_by_role("banner")
        assert "alice" in await banner.inner_text()
        assert "viewer" in await banner.inner_text()
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url(f"{guarded.url}/login")
        await page.goto(f"{guarded.url}/runs")
        assert "/login?next=" in page.url


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_the_form_and_its_refusal_are_accessible(
    chromium: Browser, guarded: Site, scheme: Literal["light", "dark"], width: int
) -> None:
    async with opened(chromium, scheme=scheme, width=width) as page:
        await page.goto(f"{guarded.url}/login")
        for _ in range(2):
            await page.evaluate(AXE)
            found = await page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
            assert found["passes"]
            assert found["violations"] == []
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            await page.get_by_label("Access token").fill("wrong")
            await page.get_by_role("button", name="Sign in").click()
            await page.get_by_text("That token does not hold.").wait_for()
