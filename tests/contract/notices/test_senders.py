"""Notices over real HTTP: signed so that a receiver can check them, to the one address, bounded in time."""

import base64
import json
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from reconciler.adapters import senders
from reconciler.adapters.clock import SystemClock
from reconciler.adapters.senders import Address, HttpSender, address_problem
from reconciler.core.channels import Channel, ChannelKind
from reconciler.core.events import Event, EventType
from reconciler.core.signature import holds, key_of
from tests.contract.notices.receiver import Receiver, receiver
from tests.unit.app_gate_world import SetClock
from tests.unit.gate_world import at

pytestmark = pytest.mark.contract

HOOK = Channel(name="hook", kind=ChannelKind.WEBHOOK)
SLACK = Channel(name="slack", kind=ChannelKind.SLACK)
CHANGE = Event(
    number=1,
    id="evt_7",
    type=EventType.VERDICT_CHANGED,
    domain="address",
    at=at(1),
    facts={"verdict": "no_go", "previous": "soaking", "checks": "open_diffs fail (14)"},
)


def a_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def sender(url: str, *given: str, clock: SystemClock | SetClock | None = None) -> HttpSender:
    address = Address(url=SecretStr(url), secrets=tuple(map(SecretStr, given)))
    return HttpSender(
        addresses={"hook": address, "slack": address},
        clock=clock or SystemClock(),
        base="https://gate.example/",
        title="shop-prod",
        version="1.0",
    )


async def test_a_webhook_is_a_cloud_event_that_every_secret_signed() -> None:
    old, new = a_secret(), a_secret()
    async with receiver() as there:
        sent = await sender(there.url, new, old).send(HOOK, CHANGE)
    assert sent.ok
    (came,) = there.came
    assert came.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert came.headers["webhook-id"] == came.json["id"] == "evt_7"
    assert came.json["type"] == "reconciler.gate.verdict_changed.v1"
    assert came.json["data"]["link"] == "https://gate.example/domains/address"
    now = SystemClock().now()
    assert all(holds(came.body, given=came.headers, now=now, key=key_of(secret)) for secret in (old, new))
    assert not holds(came.body, given=came.headers, now=now, key=key_of(a_secret()))


async def test_tried_again_it_is_the_same_under_a_new_time() -> None:
    secret, clock = a_secret(), SetClock()
    async with receiver() as there:
        there.answers = [500]
        hook = sender(there.url, secret, clock=clock)
        assert not (await hook.send(HOOK, CHANGE)).ok
        clock.hours += 1
        assert (await hook.send(HOOK, CHANGE)).ok
    first, second = there.came
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 3600
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


async def test_slack_gets_blocks_and_a_text() -> None:
    async with receiver() as there:
        assert (await sender(there.url).send(SLACK, CHANGE)).ok
    (came,) = there.came
    assert came.headers["content-type"] == "application/json; charset=utf-8"
    assert came.json["text"].startswith("✖ address: SOAKING → NO-GO")
    assert came.json["blocks"][0]["type"] == "header"
    assert "webhook-signature" not in came.headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with receiver() as there:
        there.answers = [status]
        sent = await sender(there.url, a_secret()).send(HOOK, CHANGE)
    assert (sent.ok, sent.again) == (False, True)
    assert "redirects are not followed" in sent.told
    assert [came.path for came in there.came] == ["/hook"]


async def test_an_answer_says_when_to_come_again_or_never() -> None:
    async with receiver() as there:
        there.answers, there.retry_after = [429, 503, 410], "90"
        hook = sender(there.url, a_secret())
        told = [await hook.send(HOOK, CHANGE) for _ in range(3)]
    assert [(one.ok, one.again, one.wait) for one in told] == [
        (False, True, timedelta(seconds=90)),
        (False, True, timedelta(seconds=90)),
        (False, False, timedelta(seconds=90)),
    ]


async def test_who_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "PATIENCE_SECONDS", 0.05)
    async with receiver() as there:
        there.hangs = True
        sent = await sender(there.url, a_secret()).send(HOOK, CHANGE)
    assert (sent.ok, sent.again, sent.told) == (False, True, "no answer within 0 s")


async def test_nobody_there_is_told_without_the_address() -> None:
    hidden = "services/T0/B0/hunter2"
    for url in (f"http://127.0.0.1:9/{hidden}", f"http://nowhere.invalid/{hidden}", f"http://[::1]:9/{hidden}"):
        sent = await sender(url, a_secret()).send(HOOK, CHANGE)
        assert not sent.ok
        assert "hunter2" not in repr(sent)
        assert "127.0.0.1" not in sent.told


async def test_neither_a_proxy_nor_a_cookie_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with receiver() as there:
        assert (await sender(there.url, a_secret()).send(HOOK, CHANGE)).ok
    assert "cookie" not in there.came[0].headers


@pytest.mark.parametrize(
    ("url", "fit"),
    [
        ("https://hooks.example/x", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://localhost/x", True),
        ("http://[::1]/x", True),
        ("http://hooks.example/x", False),
        ("http://169.254.169.254/latest", False),
        ("http://127.0.0.1.example/x", False),
        ("https://name:hunter2@hooks.example/x", False),
        ("https://hooks.example/x#y", False),
        ("file:///etc/passwd", False),
        ("gopher://hooks.example/", False),
        ("https://", False),
        ("https://[::1/x", False),
        ("https://hooks.example:99999/", False),
        ("", False),
    ],
)
def test_only_https_or_this_machine_is_an_address(url: str, fit: bool) -> None:  # noqa: FBT001 - a case of the table
    problem = address_problem(url)
    assert (problem == "") is fit
    assert "hunter2" not in problem


async def test_what_has_a_problem_is_sent_nowhere() -> None:
    async with receiver() as there:
        known = sender(there.url)
        wrong = Address(url=SecretStr(there.url), problem="expected https, as it leaves this machine; got http")
        sent = await replace(known, addresses={"hook": wrong}).send(HOOK, CHANGE)
        other = await replace(known, addresses={}).send(HOOK, CHANGE)
    assert (sent.ok, other.ok, there.came) == (False, False, [])
    assert "expected https" in sent.told
    assert known.problem("hook") == ""
    assert json.dumps(wrong.problem)
    assert there.url not in repr(wrong)


def test_a_receiver_is_what_it_says() -> None:
    assert Receiver().came == []
