"""What the tests on real processes and real stores share: one sandbox a session, a fresh marketplace a test."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests.acceptance.command import CommandLine, command_line
from tests.acceptance.live import LiveSandbox, Shop

settings.register_profile("repeatable", deadline=None, derandomize=True)
unshrunk = (Phase.explicit, Phase.generate)  # a killed mutant needs no smallest example
settings.register_profile("mutation", settings.get_profile("repeatable"), max_examples=30, phases=unshrunk)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def live_sandbox() -> Iterator[LiveSandbox]:
    """MongoDB and PostgreSQL for the session, which SIGTERM ends as Ctrl-C does, so that no server stays behind."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with LiveSandbox.running() as live:
            yield live
    finally:
        signal.signal(signal.SIGTERM, before)


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


@pytest.fixture(scope="session")
def untouched_shop(live_sandbox: LiveSandbox) -> Iterator[Shop]:
    """A marketplace whose two sides agree, for the tests that only read it."""
    with live_sandbox.shop(live_sandbox.template()) as shared:
        yield shared


@pytest.fixture
def reconciler(request: pytest.FixtureRequest, tmp_path: Path) -> CommandLine:
    """The command line with accounts that can only read and an empty reports folder.

    It looks at the test's own `shop` where the test asks for one, else at the shop that nobody changes.
    """
    shop: Shop = request.getfixturevalue("shop" if "shop" in request.fixturenames else "untouched_shop")
    return command_line(mongodb_uri=shop.reader_mongodb_uri, pg_url=shop.reader_pg_url, folder=tmp_path)


@pytest.fixture
def reconciler_on_faults(planted_shop: Shop, tmp_path: Path) -> CommandLine:
    """The command line on `planted_shop`."""
    return command_line(mongodb_uri=planted_shop.reader_mongodb_uri, pg_url=planted_shop.reader_pg_url, folder=tmp_path)
