"""Every step in the life of a diff."""

import pytest

from reconciler.adapters.report_store.life import sighted, state_after, unsighted
from reconciler.core.model import OPEN_STATES, DiffState

pytestmark = pytest.mark.unit

UNCONFIRMED, CONFIRMED, CLEARED = DiffState.UNCONFIRMED, DiffState.CONFIRMED, DiffState.CLEARED
RESOLVED, REGRESSED, WAIVED = DiffState.RESOLVED, DiffState.REGRESSED, DiffState.WAIVED


@pytest.mark.parametrize(
    ("before", "was_resolved", "reported", "after"),
    [
        (None, False, UNCONFIRMED, UNCONFIRMED),
        (None, False, CONFIRMED, CONFIRMED),
        (None, False, CLEARED, CLEARED),
        (UNCONFIRMED, False, CONFIRMED, CONFIRMED),
        (UNCONFIRMED, False, CLEARED, CLEARED),
        (CONFIRMED, False, CONFIRMED, CONFIRMED),
        (CONFIRMED, False, UNCONFIRMED, CONFIRMED),
        (CONFIRMED, False, CLEARED, RESOLVED),
        (CLEARED, False, CONFIRMED, CONFIRMED),
        (CLEARED, False, CLEARED, CLEARED),
        (RESOLVED, True, CONFIRMED, REGRESSED),
        (RESOLVED, True, UNCONFIRMED, UNCONFIRMED),
        (RESOLVED, True, CLEARED, RESOLVED),
        (UNCONFIRMED, True, CONFIRMED, REGRESSED),
        (REGRESSED, True, CONFIRMED, REGRESSED),
        (REGRESSED, True, UNCONFIRMED, REGRESSED),
        (REGRESSED, True, CLEARED, RESOLVED),
        (WAIVED, False, CLEARED, WAIVED),
    ],
)
def test_a_sighting_moves_a_diff_on(
    before: DiffState | None,
    *,
    was_resolved: bool,
    reported: DiffState,
    after: DiffState,
) -> None:
    assert state_after(before, sighted(reported, was_resolved=was_resolved)) is after


def test_no_open_diff_stays_open_once_it_is_gone() -> None:
    assert {state: unsighted(state) for state in OPEN_STATES} == {
        UNCONFIRMED: CLEARED,
        CONFIRMED: RESOLVED,
        REGRESSED: RESOLVED,
    }


@pytest.mark.parametrize("reported", [UNCONFIRMED, CONFIRMED, REGRESSED])
@pytest.mark.parametrize("before", [None, *DiffState])
@pytest.mark.parametrize("was_resolved", [False, True])
def test_whatever_was_before_a_reported_diff_is_open(
    before: DiffState | None,
    reported: DiffState,
    *,
    was_resolved: bool,
) -> None:
    assert state_after(before, sighted(reported, was_resolved=was_resolved)) in OPEN_STATES
