"""A receiver of notices on a real port: it keeps what came, and answers, refuses, redirects or hangs as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request: its headers in lower case, and its body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


@dataclass(slots=True, kw_only=True)
class Receiver:
    """What came, and how the next requests are answered; once there is no answer left it is 204."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    came: list[Received] = field(default_factory=list)
    retry_after: str = ""
    hangs: bool = False
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.came.append(Received(path=request.path, headers=headers, body=await request.read()))
        self.arrived.set()
        if self.hangs:
            await asyncio.Event().wait()
        status = self.answers.pop(0) if self.answers else 204
        headers = {"Retry-After": self.retry_after} if self.retry_after else {}
        if 300 <= status < 400:
            headers["Location"] = f"{self.url}/elsewhere"
        return web.Response(status=status, headers=headers)


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """On a free port of loopback."""
    here = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", here.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    here.url = f"http://{host}:{port}/hook"
    try:
        yield here
    finally:
        await runner.cleanup()
