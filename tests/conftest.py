"""What the tests on real processes and real stores share: one sandbox a session, a fresh marketplace a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from reconciler.sandbox.processes import stop_on_terminate
from tests.acceptance.command import CommandLine, command_line
from tests.acceptance.live import LiveSandbox, Shop

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def live_sandbox() -> Iterator[LiveSandbox]:
    """MongoDB and PostgreSQL for the whole session."""
    stop_on_terminate()
    with LiveSandbox.running() as live:
        yield live


@pytest.fixture
def shop(live_sandbox: LiveSandbox) -> Iterator[Shop]:
    """A marketplace whose two sides agree, all of it this test's own."""
    with live_sandbox.shop(live_sandbox.template()) as fresh:
        yield fresh


@pytest.fixture
def planted_shop(live_sandbox: LiveSandbox) -> Iterator[Shop]:
    """A marketplace with every fault of the demo."""
    with live_sandbox.shop(live_sandbox.template(planted=True)) as fresh:
        yield fresh


@pytest.fixture
def reconciler(shop: Shop, tmp_path: Path) -> CommandLine:
    """The command line on `shop`, with accounts that can only read and an empty reports folder."""
    return command_line(mongodb_uri=shop.reader_mongodb_uri, pg_url=shop.reader_pg_url, folder=tmp_path)


@pytest.fixture
def reconciler_on_faults(planted_shop: Shop, tmp_path: Path) -> CommandLine:
    """The command line on `planted_shop`."""
    return command_line(mongodb_uri=planted_shop.reader_mongodb_uri, pg_url=planted_shop.reader_pg_url, folder=tmp_path)
