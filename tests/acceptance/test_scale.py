"""Pages and lists over a long history: what one answer holds does not grow with what is stored."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.large import Scale, configure, fill
from tests.acceptance.command import command_line
from tests.acceptance.served import Served, served

pytestmark = pytest.mark.acceptance

SMALL = Scale(domains=3, runs=280, diffs=10_800)  # pages of it are full
LARGE = Scale(domains=3, runs=1_120, diffs=43_200)
NOWHERE = {"mongodb_uri": "mongodb://127.0.0.1:9/shop", "pg_url": "postgresql://127.0.0.1:9/shop"}
GROWTH = 1.3  # longer numbers, and a few more words

LISTS = [
    "/runs", "/runs?domain=domain_01", "/runs?before=150", "/runs.json", "/api/v1/runs", "/api/v1/runs?limit=200",
    "/diffs", "/diffs?domain=domain_02", "/diffs?domain=domain_02&state=resolved", "/diffs?state=confirmed",
    "/diffs?run=1", "/diffs?run=1&domain=domain_02", "/diffs?cluster=K-7", "/diffs.json", "/api/v1/diffs",
    "/clusters", "/clusters/K-7", "/approvals", "/approvals?before=120", "/api/v1/approvals", "/audit", "/api/v1/audit",
]  # fmt: skip
PAGES = [
    "/", "/overview.json", "/domains/domain_01", "/domains/domain_01.json", "/runs/1",
    "/runs/1.json", "/runs/2", "/diffs/700", "/approvals/7", "/cutover", "/schedule", "/health", "/api/v1/overview",
    "/api/v1/domains", "/api/v1/domains/domain_01/gate", "/api/v1/domains/domain_01/timeline?days=30",
    "/api/v1/clusters", "/api/v1/clusters?run=1", "/api/v1/runs/1/report.xml",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Histories:
    """The same system twice: with a short history, and with one several times as long."""

    small: Served
    large: Served


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Histories]:
    with ExitStack() as stack:
        yield Histories(
            small=stack.enter_context(_history(tmp_path_factory.mktemp("small"), SMALL)),
            large=stack.enter_context(_history(tmp_path_factory.mktemp("large"), LARGE)),
        )


@contextmanager
def _history(folder: Path, scale: Scale) -> Iterator[Served]:
    """A service over a history of that size."""
    configure(folder / "config", scale)
    fill(folder / "reports", folder / "config", scale)
    environment = {"RECONCILER_CONFIG": str(folder / "config"), "RECONCILER_REPORTS": str(folder / "reports")}
    with served(command_line(**NOWHERE, folder=folder).given(**environment)) as service:
        yield service


@pytest.mark.parametrize("path", [*LISTS, *PAGES])
def test_an_answer_is_as_long_over_a_long_history_as_over_a_short_one(histories: Histories, path: str) -> None:
    short, long = histories.small("GET", path), histories.large("GET", path)
    assert (short.status, long.status) == (200, 200), long.text[:500]
    assert len(long.text) < GROWTH * len(short.text), (path, len(short.text), len(long.text))


def test_every_difference_decision_and_run_is_reached_page_by_page(histories: Histories) -> None:
    for path, kind in (
        ("/api/v1/diffs?limit=200", "diffs"),
        ("/api/v1/approvals", "decisions"),
        ("/api/v1/runs", "runs"),
    ):
        found, following = [], path
        while following:
            page = histories.small("GET", following).json
            found += [one["id"] for one in page[kind]]
            following = page["next"]
        assert len(found) == len(set(found)), "no id comes twice"
        assert sorted(found) == list(range(1, max(found) + 1)), "and none is left out"
