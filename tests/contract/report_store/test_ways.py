"""How lists of differences are found: along an index, by id, so that no page costs a sort of them all."""

from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest
from sqlite_utils import Database

from reconciler.adapters.report_store import open_report_store
from reconciler.adapters.report_store.opening import FILE_NAME, connect_reader
from reconciler.adapters.report_store.problems import page_query
from reconciler.app.ports import DiffFilter
from reconciler.core.model import OPEN_STATES, DiffState

pytestmark = pytest.mark.contract

STATES = ((), *((state,) for state in DiffState), tuple(sorted(OPEN_STATES)), (DiffState.WAIVED, DiffState.RESOLVED))
NAMES = (None, "address")
FILTERS = [
    DiffFilter(run=run, domain=domain, entity=entity, cluster=cluster, states=states)
    for run, domain, entity, cluster, states in product((None, 3), NAMES, NAMES, (None, "K-1"), STATES)
]


@pytest.fixture
async def path(folder: Path) -> Path:
    async with open_report_store(folder):
        return folder / FILE_NAME


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    with closing(connect_reader(path)) as opened:
        yield opened


def way(db: Database, wanted: DiffFilter) -> list[str]:
    query, parameters = page_query(wanted)
    return [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query} LIMIT 51", {**parameters, "after": 0})]


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_no_page_of_differences_sorts_or_reads_a_whole_table(db: Database, wanted: DiffFilter) -> None:
    assert [step for step in way(db, wanted) if not step.startswith("SEARCH ")] == []


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (DiffFilter(domain="address"), "diffs_of_domain"),
        (DiffFilter(domain="address", states=(DiffState.RESOLVED,)), "diffs_of_domain"),
        (DiffFilter(domain="address", states=(DiffState.CONFIRMED,)), "open_diffs_of_domain"),
        (DiffFilter(states=(DiffState.WAIVED,)), "diffs_in_state"),
        (DiffFilter(states=tuple(sorted(OPEN_STATES))), "open_diffs"),
    ],
    ids=str,
)
def test_a_filter_that_few_fit_has_an_index_of_its_own(db: Database, wanted: DiffFilter, index: str) -> None:
    assert f"INDEX {index} (" in way(db, wanted)[0]
