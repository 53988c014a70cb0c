"""What the health page is told: stores asked beside the page, the database as a file, settings without secrets."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.config.listing import listed_settings
from reconciler.adapters.config_files import load_configuration
from reconciler.adapters.libraries import UNKNOWN, libraries
from reconciler.adapters.report_store import open_report_store
from reconciler.app.asking import Asking
from reconciler.app.reachability import Reachability
from reconciler.errors import StoreUnavailable
from tests.unit.app_gate_world import SetClock

pytestmark = pytest.mark.contract

CONFIG = Path(__file__).resolve().parents[2] / "config"


class Down(AbstractAsyncContextManager[Any]):
    """Stores that nobody reaches."""

    async def __aenter__(self) -> None:
        raise StoreUnavailable("MongoDB can't be reached", got="TimeoutError", next_step="is it up?")

    async def __aexit__(self, *_: object) -> None:
        """Nothing was opened."""


async def test_stores_that_cannot_be_opened_are_told_in_words() -> None:
    looks = await Reachability(open_stores=Down, clock=SetClock()).look()
    assert [(one.health, one.problem, one.next_step) for one in looks] == [
        (None, "MongoDB can't be reached; got TimeoutError", "is it up?")
    ] * 2


async def test_an_answer_stands_until_it_is_old_and_is_never_waited_for_again() -> None:
    clock, asked, gate = SetClock(hours=0), [], asyncio.Event()

    async def ask() -> int:
        asked.append(1)
        if len(asked) > 1:
            await gate.wait()
        return len(asked)

    asking = Asking(ask, every=1800.0, patience=5.0, clock=clock)
    assert [await asking.latest(), await asking.latest()] == [1, 1]
    clock.hours = 1
    assert await asking.latest() == 1
    gate.set()
    for _ in range(3):
        await asyncio.sleep(0)
    assert (await asking.latest(), len(asked)) == (2, 2)
    await asking.close()


async def test_closing_ends_a_question_that_hangs() -> None:
    async def ask() -> int:
        await asyncio.Event().wait()
        return 1

    asking = Asking(ask, every=30.0, patience=0.0, clock=SetClock())
    assert await asking.latest() is None
    await asking.close()


async def test_the_report_database_is_told_as_a_file(tmp_path: Path) -> None:
    async with open_report_store(tmp_path) as store:
        before = await store.upkeep()
        assert (before.backed_up_at, before.pruned_at) == (None, None)
        assert before.bytes > 0
        await store.backup(tmp_path / "copy.db")
        assert (await store.upkeep()).backed_up_at is not None


def test_settings_are_listed_without_a_secret() -> None:
    environ = {"MONGODB_URI": "mongodb://reader:hunter2@localhost/shop", "RECONCILER_TOKEN": "rct_hunter2"}
    configuration = load_configuration(folder=CONFIG, environ=environ)
    listed = {one.key: (one.value, one.source) for one in listed_settings(configuration)}
    assert listed["mongodb_uri"] == ("••••", "environment")
    assert listed["pg_url"] == ("not set", "default")
    assert listed["gate.soak_window"] == ("3d", "file")
    assert "hunter2" not in repr(listed)


def test_what_it_is_built_on_has_a_licence() -> None:
    found = libraries()
    assert {"aiohttp", "jinja2", "motor"} <= {one.name for one in found}
    assert [one.name for one in found if one.licence == UNKNOWN] == []
