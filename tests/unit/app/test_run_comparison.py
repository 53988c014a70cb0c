"""Two runs side by side: new, gone and still there only where it can be known."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.app.ports import DiffFilter, StoredDiff, StoredRun
from reconciler.app.renderings.comparison_markdown import comparison_markdown
from reconciler.app.run_comparison import RunComparison, compare_runs, comparison_document
from reconciler.core.history import DomainRun
from reconciler.core.model import Mode, RunStatus
from tests.unit.gate_world import a_run, summary
from tests.unit.renderings_world import DIFFERING, POISON, a_diff, a_stored_run

pytestmark = pytest.mark.unit


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Which diffs each run saw, in order of their id."""

    by_run: Mapping[int, Sequence[StoredDiff]]

    async def diffs(self, wanted: DiffFilter) -> AsyncIterator[StoredDiff]:
        assert wanted.run is not None
        for one in self.by_run[wanted.run]:
            yield one


def scan(run_id: int, *parts: DomainRun, **changes: object) -> StoredRun:
    return replace(a_stored_run(*(parts or (a_run(run_id, hours=0, entities=(DIFFERING,)),))), id=run_id, **changes)  # type: ignore[arg-type]


async def compared(before: StoredRun, after: StoredRun, older: Sequence[int], newer: Sequence[int]) -> RunComparison:
    seen = Seen(by_run={before.id: [a_diff(one) for one in older], after.id: [a_diff(one) for one in newer]})
    return await compare_runs(before, after, store=seen)


@given(st.sets(st.integers(1, 40)), st.sets(st.integers(1, 40)))
async def test_two_whole_scans_tell_all(older: set[int], newer: set[int]) -> None:
    found = await compared(scan(1), scan(2), sorted(older), sorted(newer))

    whole = found.totals
    assert (whole.new, whole.gone, whole.still) == (len(newer - older), len(older - newer), len(older & newer))
    assert whole.unsure == 0
    assert [one.id for one in found.new] == sorted(newer - older)[:20]
    assert [one.id for one in found.gone] == sorted(older - newer)[:20]


PARTIAL = {
    "a sample": {"mode": Mode.SAMPLE},
    "named keys": {"mode": Mode.KEYS},
    "interrupted": {"domains": (a_run(1, hours=0, status=RunStatus.INTERRUPTED, entities=(DIFFERING,)),)},
    "failed": {"domains": (a_run(1, hours=0, error="gone", entities=(DIFFERING,)),)},
    "half read": {"domains": (a_run(1, hours=0, entities=(summary(complete=False),)),)},
    "another domain": {"domains": (a_run(1, hours=0, domain="auth"),)},
}


@pytest.mark.parametrize("name", PARTIAL)
async def test_what_a_run_did_not_see_whole_is_unsure(name: str) -> None:
    partial = replace(scan(1), **PARTIAL[name])  # type: ignore[arg-type]
    first = (await compared(partial, scan(2), [1, 2], [2, 3])).totals
    assert (first.new, first.gone, first.still, first.unsure) == (0, 1, 1, 1)
    last = (await compared(scan(2), replace(partial, id=3), [1, 2], [2, 3])).totals
    assert (last.new, last.gone, last.still, last.unsure) == (1, 0, 1, 1)


async def test_verdicts_stand_beside_the_counts_in_every_format() -> None:
    before, after = scan(1), scan(2, a_run(2, hours=0), a_run(2, hours=0, domain="auth"))
    found = await compared(before, after, [1, 2], [])

    document = comparison_document(found)
    assert document["domains"] == [
        {
            "domain": "address",
            "before": "diffs",
            "after": "clean",
            "entities": [{"entity": "address", "new": 0, "gone": 2, "still": 0, "unsure": 0}],
        },
        {"domain": "auth", "before": None, "after": "clean", "entities": []},
    ]
    assert "**run 1 → run 2: 0 new, 2 gone, 0 still there, 0 unsure**" in comparison_markdown(found)


async def test_data_stay_data_in_markdown() -> None:
    seen = Seen(by_run={1: [], 2: [a_diff(1, key=POISON, source=POISON)]})
    text = comparison_markdown(await compare_runs(scan(1), scan(2), store=seen))
    assert "<b>" not in text
    assert "`" not in text
