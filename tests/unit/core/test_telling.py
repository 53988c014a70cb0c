"""What may leave the building: no value, no key, no address and no secret gets through, wherever it stands."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.events import Event, EventType, body_of, cloud_event
from reconciler.core.gate_values import GateVerdict
from reconciler.core.sentences import SIGNS, details, headline, path_of
from reconciler.core.signature import headers, holds, key_of
from reconciler.core.slack import MOST_FIELD, MOST_FIELDS, MOST_HEADER, slack_message
from reconciler.core.telling import LONGEST, MASK, account, happening, safe

pytestmark = pytest.mark.unit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEX = st.text("0123456789abcdef", min_size=24, max_size=24).filter(lambda text: not text.isalpha())
SECRETS = st.one_of(
    HEX,
    st.uuids().map(str),
    st.emails(),
    st.from_regex(r"[a-z]{3,8}://[a-z]{2,8}:[a-zA-Z0-9]{6,12}@[a-z]{3,9}:[0-9]{4}/[a-z]{2,6}", fullmatch=True),
    st.from_regex(r"reconciler_[A-Za-z0-9_-]{43}", fullmatch=True),
    st.from_regex(r"eyJ[A-Za-z0-9_-]{30}\.[A-Za-z0-9_-]{30}", fullmatch=True),
    st.from_regex(r"[0-9]{6,19}", fullmatch=True),
    st.from_regex(r"\+?[0-9]{2} [0-9]{3} [0-9]{4}", fullmatch=True),
    st.from_regex(r"[0-9]{4}( [0-9]{4}){3}", fullmatch=True),
    st.from_regex(r'"[a-zA-Z ]{4,20}"', fullmatch=True),
    st.from_regex(r"'[a-zA-Z ]{4,20}'", fullmatch=True),
    st.from_regex(r"(password|token|secret)[=:] ?[a-z]{6,12}", fullmatch=True).map(lambda text: text),
)
WORDS = st.lists(st.sampled_from(["open", "of", "compared", "in", "clusters,", "since", "run", "14"]), max_size=5)


@given(WORDS, SECRETS, WORDS)
def test_a_secret_gets_through_nowhere(before: list[str], secret: str, after: list[str]) -> None:
    told = safe(" ".join([*before, secret, *after]))
    core = secret.strip("\"'").split("=")[-1].split(": ")[-1]
    assert core not in told
    assert MASK in told


@given(st.text(max_size=600))
def test_what_is_safe_stays_as_it_is(text: str) -> None:
    once = safe(text)
    assert safe(once) == once
    assert len(once) <= LONGEST
    assert once.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "14 open diffs in 2 clusters",
        "0 of 1,204,331 compared, 61.3 % seen",
        "open_diffs fail (14), soak pending",
        "soak is at 51 h of 72 h since 2025-11-20 19:52",
        "address NO-GO, payment HOLD",
        "2026-03-01T12:00:00Z",
        "ADDRESS_STORE",
        "K-12",
        "m.ortiz",
    ],
)
def test_words_and_figures_of_ours_are_left(text: str) -> None:
    assert safe(text) == text


def test_a_name_goes_without_its_mail() -> None:
    assert account("m.ortiz@shop.example") == "m.ortiz"
    assert account("@") == "somebody"


def event(kind: EventType, **facts: str | int | bool | None) -> Event:
    told = happening("k", kind, domain="address", at=NOON, facts=facts)
    return Event(number=1, id="evt_1", type=kind, domain=told.domain, at=told.at, facts=told.facts)


FACTS: dict[str, str | int | bool | None] = {
    "verdict": "no_go",
    "previous": "soaking",
    "checks": "open_diffs fail (14)",
    "run": 12,
    "cluster": "K-3",
    "records": 14,
    "by": "m.ortiz",
    "decision": "approve",
    "had_go": False,
    "missed": 2,
    "blocked": 1,
    "domains": 7,
    "bad": "address NO-GO",
}


@pytest.mark.parametrize("kind", list(EventType))
def test_every_kind_has_a_headline_and_a_page_and_is_a_cloud_event(kind: EventType) -> None:
    told = event(kind, **FACTS)
    assert headline(told).strip()
    assert "None" not in headline(told) + path_of(told)
    assert path_of(told).startswith("/")
    document = cloud_event(told, link="https://gate.example/")
    assert document["specversion"] == "1.0"
    assert {"id", "source", "type", "time", "data"} <= set(document)
    assert document["time"] == "2026-03-01T12:00:00.000Z"
    assert json.loads(body_of(told, link="")) == cloud_event(told, link="")


def test_a_change_is_told_with_both_verdicts() -> None:
    assert headline(event(EventType.VERDICT_CHANGED, **FACTS)) == "address: SOAKING → NO-GO"
    assert headline(event(EventType.VERDICT_STANDS, **FACTS)) == "address: still NO-GO"
    assert dict(details(event(EventType.VERDICT_CHANGED, **FACTS)))["Checks that do not pass"] == "open_diffs fail (14)"
    assert set(SIGNS) == {one.value for one in GateVerdict}


@given(
    st.dictionaries(st.sampled_from(sorted(FACTS)), st.text(max_size=5000)), st.sampled_from(list(EventType)), st.text()
)
def test_slack_takes_whatever_happens(texts: dict[str, str], kind: EventType, title: str) -> None:
    told = Event(
        number=1, id="evt_1", type=kind, domain="address", at=NOON, facts={**FACTS, **texts, "missed": 1, "records": 1}
    )
    message = slack_message(told, link="https://gate.example/<&>", title=title)
    text, blocks = message["text"], message["blocks"]
    assert isinstance(text, str)
    assert isinstance(blocks, list)
    assert 0 < len(text) <= 4000
    assert len(blocks) <= 50
    assert len(json.dumps(message)) < 60_000
    header, *rest = blocks
    assert len(header["text"]["text"]) <= MOST_HEADER
    for block in rest:
        parts = [*block.get("fields", ()), *block.get("elements", ()), *([block["text"]] if "text" in block else [])]
        assert 0 < len(parts) <= MOST_FIELDS
        assert all(0 < len(part["text"]) <= MOST_FIELD for part in parts)


def test_what_slack_reads_as_its_own_is_escaped() -> None:
    told = Event(number=1, id="e", type=EventType.DIGEST, domain="", at=NOON, facts={"bad": "<!channel> & co"})
    assert "<!channel>" not in json.dumps(slack_message(told, link="", title="<@U1>"))
    assert "<@U1>" not in json.dumps(slack_message(told, link="", title="<@U1>"))


# -- signatures --------------------------------------------------------------------------------------------------------

OLD, NEW = key_of("whsec_" + "b2xk" * 8), key_of("whsec_" + "bmV3" * 8)


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example that the specification's own libraries are tested with."""
    given_headers = headers(
        b'{"test": 2432232314}',
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, UTC),
        keys=[key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
    )
    assert given_headers["webhook-timestamp"] == "1614265330"
    assert given_headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_of_several_secrets_signs() -> None:
    signed = headers(b"{}", event_id="evt_1", at=NOON, keys=[NEW, OLD])
    assert all(holds(b"{}", given=signed, now=NOON, key=key) for key in (OLD, NEW))
    assert not holds(b"{}", given=signed, now=NOON, key=key_of("whsec_" + "b3Ro" * 8))


def test_another_body_id_or_time_does_not_hold() -> None:
    signed = headers(b"{}", event_id="evt_1", at=NOON, keys=[NEW])
    assert not holds(b"{ }", given=signed, now=NOON, key=NEW)
    assert not holds(b"{}", given=signed | {"webhook-id": "evt_2"}, now=NOON, key=NEW)
    for off in (timedelta(minutes=-6), timedelta(minutes=6)):
        assert not holds(b"{}", given=signed, now=NOON + off, key=NEW)
    assert not holds(b"{}", given=signed | {"webhook-timestamp": "soon"}, now=NOON, key=NEW)


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%%%%", "whsec_" + "QQ" * 4, "whsec_" + "QUFB" * 30],
)
def test_a_secret_of_another_form_is_none(secret: str) -> None:
    with pytest.raises(ValueError, match=r"bytes|Base64"):
        key_of(secret)
