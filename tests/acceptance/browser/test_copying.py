"""Commands and digests are copied at a click or a key; without JavaScript there is no button that does nothing."""

import pytest
from playwright.async_api import Browser, expect

pytestmark = [pytest.mark.acceptance, pytest.mark.browser]


async def test_a_command_and_a_digest_are_copied_whole_and_it_is_said(chromium: Browser, url: str) -> None:
    context = await chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    await page.goto(f"{url}/domains/config")
    told = page.locator("#copied")
    await page.get_by_role("button", name="Copy the evidence digest", exact=True).click()
    await expect(told).to_have_text("Copied: the evidence digest")
    digest = await page.evaluate("navigator.clipboard.readText()")
    assert digest == await page.locator(".facts code[title]").first.get_attribute("title")

    button = page.get_by_role("button", name="Copy Setting for the way back")
    await button.focus()
    await page.evaluate("refresh()")
    await expect(button).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(told).to_have_text("Copied: Setting for the way back")
    command = await page.locator("#way-back .command").inner_text()
    assert await page.evaluate("navigator.clipboard.readText()") == command.strip()

    await page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    await button.click()
    await expect(told).to_contain_text("Not copied")

    await page.emulate_media(media="print")
    assert await page.locator("button.copy:visible").count() == 0, "nobody clicks on paper"
    await context.close()


async def test_without_javascript_no_button_is_there(chromium: Browser, url: str) -> None:
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{url}/domains/config")
    assert await page.locator("button.copy").count() > 0
    assert await page.locator("button.copy:visible").count() == 0
    await context.close()
