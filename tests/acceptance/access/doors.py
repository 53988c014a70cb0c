"""The application on a real port over an empty report store, with whatever ways in a test opens."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession, CookieJar
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from reconciler.adapters.signing_key import SigningKey
from reconciler.app.sign_in import SignIn
from reconciler.core.access import Actor, Means, Role
from reconciler.web.entrance import Entrance
from reconciler.web.origins import LOOPBACK
from reconciler.web.services import WebServices
from tests.acceptance.browser.board import StoppedClock, acts, insight, serving, system, verdicts

ADMIN = Actor(name="ops", role=Role.ADMIN, means=Means.ACCOUNT)


class MovingClock(StoppedClock):
    """A clock that stands still until it is moved; both of its times move together."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.passed += seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A running application, what keeps its tokens, and its clock."""

    url: str
    http: ClientSession
    store: SqliteReportStore
    sign_in: SignIn
    clock: MovingClock

    async def token(self, role: Role, name: str = "") -> str:
        text, _ = await self.sign_in.create(
            name or f"the-{role.value}", role=role, expires_in=timedelta(days=1), by=ADMIN
        )
        return text

    async def asked(self, method: str, path: str, **more: Any) -> ClientResponse:  # noqa: ANN401 - as aiohttp takes it
        """An answer, read whole unless it is a stream without an end; redirects are not followed."""
        async with self.http.request(method, path, allow_redirects=False, **more) as answer:
            if answer.content_type != "text/event-stream":
                await answer.read()
            return answer

    async def entered(self, text: str, **more: str) -> ClientResponse:
        """The answer to the form."""
        return await self.asked("POST", "/login", data={"token": text, **more}, headers=own(self.url))


def own(url: str) -> dict[str, str]:
    """What a browser says when our own page sends a form."""
    return {"Origin": url, "Sec-Fetch-Site": "same-origin"}


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


@asynccontextmanager
async def site(folder: Path, *, hosts: Sequence[str] = (), **ways: Any) -> AsyncIterator[Site]:  # noqa: ANN401 - fields of Entrance
    """The application with these ways in; tokens and sessions are always among them."""
    clock = MovingClock()
    async with open_report_store(folder) as store:
        sign_in = SignIn(ledger=store.access, log=store, clock=clock)
        known = system()
        services = WebServices(
            system=known,
            store=store,
            verdicts=verdicts(store, known, clock),
            acts=acts(store, known, clock),
            clock=clock,
            signer=SigningKey(Ed25519PrivateKey.generate()),
            entrance=Entrance(sign_in=sign_in, **ways),
            insight=insight(clock),
            hosts=LOOPBACK | set(hosts),
            title="shop-prod",
            version="0",
        )
        async with serving(services) as url, ClientSession(url, cookie_jar=CookieJar(unsafe=True)) as http:
            yield Site(url=url, http=http, store=store, sign_in=sign_in, clock=clock)
