"""Brings events to channels over HTTP: signed webhooks and Slack, to the configured address only, bounded in time."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, assert_never
from urllib.parse import urlsplit

import aiohttp
from aiohttp import hdrs
from pydantic import SecretStr

from reconciler.adapters.hosts import is_loopback
from reconciler.app.notices import Sent
from reconciler.app.ports import Clock
from reconciler.core.channels import Channel, ChannelKind
from reconciler.core.events import Event, body_of
from reconciler.core.sentences import path_of
from reconciler.core.signature import headers, key_of
from reconciler.core.slack import slack_message

PATIENCE_SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 5.0
OK, REDIRECTED, REFUSED = 200, 300, 400
GONE: Final = 410
LONGEST_WAIT: Final = 24 * 3600
SECONDS: Final = re.compile(r"[0-9]{1,9}")
JSON_TYPE: Final = "application/json; charset=utf-8"
EVENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a channel is reached and what it is signed with; `problem` says in words why it cannot be, if it cannot."""

    url: SecretStr | None = None
    secrets: tuple[SecretStr, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSender:
    """Posts to the address of a channel; follows no redirect, reads no answer's body, keeps no cookie, uses no proxy.

    `base` is the address under which people reach the pages, empty where none is configured.
    """

    addresses: Mapping[str, Address]
    clock: Clock
    base: str
    title: str
    version: str

    def problem(self, channel: str) -> str:
        """Why nothing can be sent to the channel, in words; empty where it can."""
        return self.addresses[channel].problem if channel in self.addresses else "it is not configured"

    async def send(self, channel: Channel, event: Event) -> Sent:
        """One try; what goes wrong is told by its kind only, never by a text that may hold the address."""
        address = self.addresses.get(channel.name, Address(problem="it is not configured"))
        if address.problem or address.url is None:
            return Sent(ok=False, told=address.problem or "it has no address")
        timeout = aiohttp.ClientTimeout(total=PATIENCE_SECONDS, connect=CONNECT_SECONDS)
        url = address.url.get_secret_value()
        try:
            async with aiohttp.ClientSession(
                timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            ) as session:
                return await self._post(session, url, channel, event, address.secrets)
        except TimeoutError:
            return Sent(ok=False, told=f"no answer within {PATIENCE_SECONDS:.0f} s")
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            return Sent(ok=False, told=f"it cannot be reached ({type(problem).__name__})")

    async def _post(
        self, session: aiohttp.ClientSession, url: str, channel: Channel, event: Event, secrets: Sequence[SecretStr]
    ) -> Sent:
        """The request of the channel's kind, and what its answer means."""
        body, named = self._letter(channel, event, secrets)
        async with session.post(url, data=body, headers=named, allow_redirects=False) as answer:
            return meaning(answer.status, answer.headers.get(hdrs.RETRY_AFTER, ""))

    def _letter(self, channel: Channel, event: Event, secrets: Sequence[SecretStr]) -> tuple[bytes, dict[str, str]]:
        """Body and headers as the channel speaks."""
        link = f"{self.base.rstrip('/')}{path_of(event)}" if self.base else ""
        agent = {"User-Agent": f"reconciler/{self.version}"}
        match channel.kind:
            case ChannelKind.WEBHOOK:
                body = body_of(event, link=link)
                keys = [key_of(secret.get_secret_value()) for secret in secrets]
                signed = headers(body, event_id=event.id, at=self.clock.now(), keys=keys)
                return body, agent | signed | {"Content-Type": EVENT_TYPE}
            case ChannelKind.SLACK:
                message = slack_message(event, link=link, title=self.title)
                return json.dumps(message, ensure_ascii=False).encode(), agent | {"Content-Type": JSON_TYPE}
            case _ as never:
                assert_never(never)


def meaning(status: int, retry_after: str) -> Sent:
    """What the status of an answer says of a try: only 2xx is an arrival, and after 410 no other is made."""
    if OK <= status < REDIRECTED:
        return Sent(ok=True, told=f"answered {status}")
    wait = timedelta(seconds=min(int(retry_after), LONGEST_WAIT)) if SECONDS.fullmatch(retry_after) else None
    if REDIRECTED <= status < REFUSED:
        return Sent(ok=False, told=f"answered {status}: redirects are not followed")
    return Sent(ok=False, told=f"answered {status}", again=status != GONE, wait=wait)


def address_problem(url: str) -> str:
    """What is wrong with an address, in words that do not repeat it; empty where nothing is."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "expected an https address, got something else"
    if parts.scheme not in ("https", "http") or not host:
        return "expected an https address, got something else"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "expected an address without a login and without #, got one with it"
    if parts.scheme == "http" and not is_loopback(host):
        return "expected https, as it leaves this machine; got http"
    return ""


def secret_problem(secrets: Sequence[SecretStr]) -> str:
    """What is wrong with the secrets of a webhook, in words; empty where nothing is."""
    for secret in secrets:
        try:
            key_of(secret.get_secret_value())
        except ValueError as problem:
            return f"expected secrets as {problem}, got something else"
    return "" if secrets else "expected a secret to sign with, got none"
