"""A filled report store, the application on a real port, and Debian's Chromium."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from tests.acceptance.browser.board import StoppedClock, seed, services, serving

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIETLY = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report folder with two weeks of runs, closed; tests work on copies."""
    folder = tmp_path_factory.mktemp("board") / "reports"
    asyncio.run(seed(folder))
    return folder


@pytest.fixture
def reports(seeded: Path, tmp_path: Path) -> Path:
    """This test's own copy."""
    return Path(shutil.copytree(seeded, tmp_path / "reports"))


@pytest.fixture
async def store(reports: Path) -> AsyncIterator[SqliteReportStore]:
    async with open_report_store(reports) as opened:
        yield opened


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
async def url(store: SqliteReportStore, clock: StoppedClock) -> AsyncIterator[str]:
    """Where the dashboard listens."""
    async with serving(services(store, clock=clock)) as address:
        yield address


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    assert found, "expected Chromium on the PATH; Debian: apt-get install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=list(QUIETLY))
        yield browser
        await browser.close()
