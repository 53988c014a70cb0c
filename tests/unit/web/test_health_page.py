"""The health page: good only where it was asked and is good, and what cannot be reached is told with what to do."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.app.housekeeping import Upkeep
from reconciler.app.ports import StoreHealth
from reconciler.app.reachability import StoreLook
from reconciler.core.model import Side
from reconciler.core.spec import System
from reconciler.web.services import About
from reconciler.web.views.health import HealthPage, Known, health_page, size, tab_title
from reconciler.web.words import Family

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 20, 22, 4, 11, tzinfo=UTC)
ABOUT = About(version="1", python="3", host="h", started_at=NOW, sign_in="by token", flags_seen="recorded by hand")
UPKEEP = Upkeep(path="reports/r.db", bytes=3_500_000, log_bytes=0, schema=9, backed_up_at=None, pruned_at=NOW)
SOUND: tuple[Sequence[str], datetime] = ((), NOW)


def look(side: Side, **changes: object) -> StoreLook:
    health = StoreHealth(
        side=side, version="6", identity="rs0", role="primary", writable=(), clock_skew_seconds=0.01, reads="snapshots"
    )
    told = StoreLook(side=side, at=NOW, health=health, problem="", next_step="", seconds=(0.02,))
    if "health" in changes:
        return replace(told, **changes)  # type: ignore[arg-type]
    return replace(told, health=replace(health, **changes))  # type: ignore[arg-type]


def page(*looks: StoreLook, checked: tuple[Sequence[str], datetime] | None = SOUND) -> HealthPage:
    known = Known(
        looks=looks, upkeep=UPKEEP, checked=checked, gates=(), system=System(domains=()), about=ABOUT, starts_runs=True,
        listeners=2,
    )  # fmt: skip
    return health_page(known)


def test_two_stores_that_answer_and_can_only_be_read_are_well() -> None:
    shown = page(look(Side.SOURCE), look(Side.TARGET))
    assert shown.worst is Family.OK
    assert tab_title(shown) == "(2 of 2 stores well) Health"
    assert ("Credentials can write", "no (good)") in {(line.label, line.text) for line in shown.stores[0].lines}


@pytest.mark.parametrize(
    "target",
    [
        look(Side.TARGET, writable=("insert", "update")),
        look(Side.TARGET, clock_skew_seconds=-6.0),
        look(Side.TARGET, problems=("no snapshots",)),
        look(Side.TARGET, health=None, problem="PostgreSQL can't be reached"),
    ],
    ids=["can write", "another time", "a problem", "unreachable"],
)
def test_a_store_with_something_to_mend_is_not_well_and_says_what_next(target: StoreLook) -> None:
    shown = page(look(Side.SOURCE), target)
    assert (shown.worst, shown.stores[0].family, shown.stores[1].family) == (
        Family.INCONCLUSIVE,
        Family.OK,
        Family.INCONCLUSIVE,
    )
    assert shown.stores[1].next_step == "`reconciler doctor`"


def test_before_a_store_was_asked_nothing_is_well() -> None:
    shown = page(checked=None)
    assert [store.family for store in shown.stores] == [Family.NODATA, Family.NODATA]
    assert tab_title(shown) == "(0 of 2 stores well) Health"


def test_an_unsound_database_is_the_worst() -> None:
    shown = page(look(Side.SOURCE), look(Side.TARGET), checked=(("a row is lost", "another"), NOW))
    assert shown.worst is Family.DIFFS
    assert "2 problems: a row is lost" in {line.text for line in shown.database}


def test_the_database_tells_its_size_and_when_it_was_copied_and_pruned() -> None:
    told = {line.label: (line.text, line.at) for line in page().database}
    assert told["Size"] == ("3.3 MiB", None)
    assert told["Last backup"] == ("none was made with `reconciler db backup`", None)
    assert told["Last pruning"] == ("", NOW)
    assert size(2047) == "1 KiB"
