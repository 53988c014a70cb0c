"""A signed answer counts while it is fresh, whole and about what was asked; else nothing counts."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.app.gate_tokens import Expected, gate_claims, judge_claims, nonce_of
from reconciler.core.gate_values import CheckResult, GateVerdict
from reconciler.errors import TokenRefused, UsageError
from tests.unit.gate_world import at
from tests.unit.renderings_world import a_gate

pytestmark = pytest.mark.unit

ASKED = at(1)
GO = gate_claims(a_gate(GateVerdict.GO, CheckResult.PASS), asked_at=ASKED)


def judged(now: datetime, **changes: object) -> GateVerdict:
    """What is made of the answer with other claims, asked without a nonce."""
    return judge_claims(GO | changes, now=now, expected=Expected(domain="address"))


def test_a_fresh_answer_says_its_verdict() -> None:
    assert judged(ASKED) is GateVerdict.GO
    assert judged(ASKED + timedelta(seconds=299)) is GateVerdict.GO
    assert judged(ASKED - timedelta(seconds=59)) is GateVerdict.GO, "clocks may be a minute apart"


@pytest.mark.parametrize("seconds", [-3600, -61, 300, 301, 86400])
def test_an_answer_of_another_time_is_refused(seconds: int) -> None:
    with pytest.raises(TokenRefused, match="not fresh"):
        judged(ASKED + timedelta(seconds=seconds))


def test_an_answer_ends_with_the_gate_where_that_is_sooner() -> None:
    claims = gate_claims(a_gate(GateVerdict.GO), asked_at=at(24) - timedelta(seconds=30))
    assert claims["exp"] == int(at(24).timestamp())


def test_an_answer_about_a_go_that_has_lapsed_is_never_fresh() -> None:
    claims = gate_claims(a_gate(GateVerdict.GO), asked_at=at(25))
    for now in (at(23), at(24), at(25)):
        with pytest.raises(TokenRefused):
            judge_claims(claims, now=now, expected=Expected(domain="address"))


def test_an_answer_that_claims_to_live_longer_is_refused() -> None:
    with pytest.raises(TokenRefused, match="not fresh"):
        judged(ASKED, exp=int(at(2).timestamp()))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "someone"},
        {"sub": "auth"},
        {"verdict": "green"},
        {"verdict": None},
        {"iat": "now"},
        {"exp": None},
        {"exp": 1e30},
        {"iat": True},
        {"exp": 10**30},
        {"nonce": "mine"},
    ],
)
def test_an_answer_about_something_else_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(TokenRefused):
        judged(ASKED, **changes)


def test_a_nonce_that_was_asked_with_has_to_come_back() -> None:
    claims = gate_claims(a_gate(GateVerdict.GO), asked_at=ASKED, nonce="mine")
    assert judge_claims(claims, now=ASKED, expected=Expected(domain="address", nonce="mine")) is GateVerdict.GO
    for nonce in (None, "yours"):
        with pytest.raises(TokenRefused, match="nonce"):
            judge_claims(claims, now=ASKED, expected=Expected(domain="address", nonce=nonce))
    with pytest.raises(TokenRefused, match="nonce"):
        judge_claims(GO, now=ASKED, expected=Expected(domain="address", nonce="mine"))


@given(st.dictionaries(st.sampled_from(sorted(GO)), st.none() | st.integers() | st.text() | st.floats()))
def test_claims_of_any_shape_are_judged_and_never_break(changes: dict[str, object]) -> None:
    with suppress(TokenRefused):
        judged(ASKED, **changes)


@pytest.mark.parametrize("text", ["", " ", "a b", "ä", "a" * 129, "a\n"])
def test_a_nonce_is_a_short_word(text: str) -> None:
    with pytest.raises(UsageError):
        nonce_of(text)
    assert (nonce_of(None), nonce_of("build-512.a~b_c")) == (None, "build-512.a~b_c")
