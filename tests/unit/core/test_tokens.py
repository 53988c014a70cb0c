"""A token and a session hold until they lapse, are taken back or lie unused, and neither is kept as its text."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.access import Actor, Means, Right, Role, require, role_among
from reconciler.core.tokens import (
    ABSOLUTE,
    COARSELY,
    IDLE,
    SECRET_BYTES,
    TEXT,
    Session,
    Token,
    TokenState,
    digest_of,
    stale,
    text_of,
)
from reconciler.errors import AccessDenied

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
TOKEN = Token(
    id=1, name="ci", role=Role.APPROVER, created_at=NOON, created_by="kim", expires_at=NOON + timedelta(days=1)
)
ACTOR = Actor(name="ci", role=Role.APPROVER, means=Means.SESSION)
SESSION = Session(digest="d", actor=ACTOR, token=TOKEN, started_at=NOON, seen_at=NOON)


@pytest.mark.parametrize(
    ("changes", "after", "state"),
    [
        ({}, timedelta(0), TokenState.LIVE),
        ({}, timedelta(days=1) - TICK, TokenState.LIVE),
        ({}, timedelta(days=1), TokenState.EXPIRED),
        ({"expires_at": None}, timedelta(days=9999), TokenState.LIVE),
        ({"revoked_at": NOON}, timedelta(0), TokenState.REVOKED),
        ({"revoked_at": NOON}, timedelta(days=2), TokenState.REVOKED),
    ],
)
def test_a_token_holds_until_it_lapses_or_is_taken_back(
    changes: dict[str, datetime | None], after: timedelta, state: TokenState
) -> None:
    assert replace(TOKEN, **changes).state(NOON + after) is state  # type: ignore[arg-type]


def test_who_acts_with_a_token_has_its_name_and_role() -> None:
    assert TOKEN.actor(Means.TOKEN) == Actor(name="ci", role=Role.APPROVER, means=Means.TOKEN)


@pytest.mark.parametrize(
    ("started", "seen", "now", "holds"),
    [
        (NOON, NOON, NOON, True),
        (NOON, NOON, NOON - TICK, False),
        (NOON, NOON, NOON + IDLE - TICK, True),
        (NOON, NOON, NOON + IDLE, False),
        (NOON, NOON + ABSOLUTE, NOON + ABSOLUTE - TICK, True),
        (NOON, NOON + ABSOLUTE, NOON + ABSOLUTE, False),
    ],
)
def test_a_session_holds_while_it_is_young_and_used(
    started: datetime, seen: datetime, now: datetime, *, holds: bool
) -> None:
    assert replace(SESSION, started_at=started, seen_at=seen).holds(now) is holds
    assert replace(SESSION, started_at=started, seen_at=seen, token=None).holds(now) is holds


def test_a_session_ends_with_the_token_that_it_rests_on() -> None:
    assert not replace(SESSION, token=replace(TOKEN, revoked_at=NOON)).holds(NOON)
    assert not replace(SESSION, token=replace(TOKEN, expires_at=NOON)).holds(NOON)


def test_a_token_is_its_secret_as_text_and_kept_as_a_digest() -> None:
    text = text_of(bytes(range(SECRET_BYTES)))
    assert text == "reconciler_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert TEXT.fullmatch(text)
    assert TEXT.fullmatch(text_of(b"\xff" * SECRET_BYTES))
    assert digest_of(text) == "ddde7f358ff47deecd1413119da1a14dc00709b1adaca6519831d70602371727"
    assert digest_of("\udcff") != digest_of("?")


@pytest.mark.parametrize(
    ("noted", "after", "expected"),
    [(None, timedelta(0), True), (NOON, COARSELY - TICK, False), (NOON, COARSELY, True)],
)
def test_the_last_use_is_noted_coarsely(noted: datetime | None, after: timedelta, *, expected: bool) -> None:
    assert stale(noted, NOON + after) is expected


def test_of_several_roles_the_one_with_the_most_rights_counts() -> None:
    assert role_among([]) is None
    assert role_among([Role.VIEWER, Role.ADMIN, Role.APPROVER]) is Role.ADMIN
    assert role_among([Role.VIEWER, Role.INVESTIGATOR]) is Role.INVESTIGATOR


def test_who_lacks_a_right_is_told_which_and_whom_to_ask() -> None:
    viewer = replace(ACTOR, role=Role.VIEWER)
    assert require(viewer, Right.VIEW) is viewer
    with pytest.raises(AccessDenied) as caught:
        require(viewer, Right.APPROVE)
    assert str(caught.value) == (
        "ci may not do this; expected a role with the right to approve; got the role viewer. "
        "Next: ask an administrator for a token of another role"
    )
