"""The life of a diff over runs: which state follows when a run sees it, or looks and does not see it."""

from reconciler.core.model import OPEN_STATES, DiffState

GONE = frozenset({DiffState.CLEARED, DiffState.RESOLVED})
CONFIRMED = frozenset({DiffState.CONFIRMED, DiffState.REGRESSED})


def sighted(reported: DiffState, *, was_resolved: bool) -> DiffState:
    """The state as this run saw it: confirmed again after it was resolved is regressed."""
    if reported in CONFIRMED:
        return DiffState.REGRESSED if was_resolved else DiffState.CONFIRMED
    return reported


def state_after(before: DiffState | None, seen: DiffState) -> DiffState:
    """The diff's state after a sighting. What was confirmed stays so until a run finds it gone, not merely restless."""
    if seen in GONE:
        return DiffState.CLEARED if before is None else unsighted(before) if before in OPEN_STATES else before
    if seen is DiffState.UNCONFIRMED and before in CONFIRMED:
        return before
    return seen


def unsighted(before: DiffState) -> DiffState:
    """The state of an open diff that is gone: what was never confirmed has cleared."""
    return DiffState.CLEARED if before is DiffState.UNCONFIRMED else DiffState.RESOLVED
