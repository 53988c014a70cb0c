"""Clusters and diffs in a real browser: cause, beginning and next steps can be read, narrowed, walked, downloaded."""

import asyncio
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import ClientSession
from playwright.async_api import Browser

from reconciler.adapters.report_store import SqliteReportStore
from reconciler.app.ports import AuditFilter
from reconciler.core.audit import AuditAction
from reconciler.core.spec import DomainSpec, System
from tests.acceptance.browser.board import StoppedClock, services, serving, verdicts
from tests.acceptance.browser.test_pages import opened

pytestmark = [pytest.mark.acceptance, pytest.mark.browser]


async def test_a_cluster_tells_cause_beginning_and_next_steps_without_script(chromium: Browser, url: str) -> None:
    async with opened(chromium, script=False) as page:
        await page.goto(f"{url}/clusters?domain=address")
        await page.get_by_role("navigation", name="Narrow the list").get_by_role("link", name="postalCode").click()
        assert "field=postalCode" in page.url
        await page.get_by_role("link", name="K-1", exact=True).click()
        banner = page.get_by_role("region", name="What is likely behind it")
        assert "The text went through a number on its way" in await banner.inner_text()
        assert "11 of 11: one leading zero is gone" in await banner.inner_text()
        assert "equal in run" in await page.locator("section", has_text="When it began").last.inner_text()
        bars = await page.locator("svg.trend g").count()
        await page.locator("#trend-rows summary").click()
        assert await page.locator("#trend-rows tbody tr").count() == bars > 1
        assert await page.get_by_role("region", name="Command for step 5").inner_text() == (
            "reconciler run address --mode keys --keys @K-1.keys"
        )


async def test_the_keys_of_a_cluster_are_a_file_and_an_entry_in_the_log(
    chromium: Browser, url: str, store: SqliteReportStore
) -> None:
    async with opened(chromium) as page:
        await page.goto(f"{url}/clusters/K-1")
        async with page.expect_download() as coming:
            await page.get_by_role("link", name="Keys as text").click()
        saved = await (await coming.value).path()
        keys = (await asyncio.to_thread(Path(saved).read_text, encoding="utf-8")).splitlines()
        assert keys == [f"64f1c0a2e9b1{number:012x}" for number in range(11)]
        (entry,) = await store.audit(AuditFilter(actions=(AuditAction.EXPORT,)))
        assert entry.act.comment == "keys of cluster K-1 as txt"


async def test_a_difference_names_its_rule_and_is_walked_along_its_cluster(chromium: Browser, url: str) -> None:
    async with opened(chromium) as page:
        await page.goto(f"{url}/diffs/1?cluster=K-1")
        assert "compared as text, byte for byte" in await page.locator("table.fields").inner_text()
        assert "one leading zero is gone" in await page.locator("table.fields").inner_text()
        await page.keyboard.press("j")
        await page.wait_for_url(f"{url}/diffs/2?cluster=K-1")
        await page.keyboard.press("k")
        await page.wait_for_url(f"{url}/diffs/1?cluster=K-1")


async def test_a_record_that_stands_alone_comes_with_the_queries_that_prove_it(chromium: Browser, url: str) -> None:
    async with opened(chromium, script=False) as page:
        await page.goto(f"{url}/diffs/15")
        key = "64f1c0a2e9b1dddddddddd00"
        assert await page.get_by_role("region", name="Query for PostgreSQL").inner_text() == (
            """SELECT * FROM "public"."addresses" WHERE "legacy_object_id" = '64f1c0a2e9b1dddddddddd00';"""
        )
        assert f'ObjectId("{key}")' in await page.get_by_role("region", name="Query for MongoDB").inner_text()


async def test_a_difference_of_a_domain_that_is_no_longer_configured_can_still_be_read(
    store: SqliteReportStore, clock: StoppedClock
) -> None:
    shown = services(store, clock=clock)
    left = System(domains=(DomainSpec(name="chat", title="Chat", not_comparable="document-shaped"),))
    async with (
        serving(replace(shown, system=left, verdicts=verdicts(store, left, clock))) as site,
        ClientSession() as client,
    ):
        for path in ("/diffs/1", "/clusters/K-1"):
            async with client.get(f"{site}{path}") as answer:
                assert answer.status == HTTPStatus.OK
