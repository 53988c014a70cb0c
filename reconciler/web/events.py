"""What an open page listens to: a stream that says when the report database holds something new."""

import asyncio
import hashlib
from contextlib import suppress
from typing import Final

from aiohttp import ClientConnectionResetError, hdrs, web

from reconciler.app.ports import AuditFilter, ReportStore
from reconciler.errors import ReconcilerError

LOOK_EVERY: Final = 1.0
HEARTBEAT: Final = 10.0
LONGEST: Final = 600.0
MOST_LISTENERS: Final = 100
NEWEST_RUNS: Final = 10
LAST_SEEN: Final = "Last-Event-ID"


class Pulse:
    """The state of a report store as one word, read at most once a second however many pages listen."""

    def __init__(self, store: ReportStore) -> None:
        self.listeners = 0
        self.ending = asyncio.Event()
        self._store = store
        self._reading = asyncio.Lock()
        self._word = ""
        self._read_at = float("-inf")

    async def word(self) -> str:
        """Differs whenever a run, a flag or the audit log does."""
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if now - self._read_at >= LOOK_EVERY:
                self._word, self._read_at = await self._look(), now
            return self._word

    async def _look(self) -> str:
        """The newest runs with how far they are, the newest act, and what flags were seen to say."""
        runs = await self._store.runs(limit=NEWEST_RUNS)
        acts = await self._store.audit(AuditFilter(newest_first=True, limit=1))
        flags = await self._store.flag_changes()
        return hashlib.sha256(repr((runs, acts, flags)).encode()).hexdigest()[:16]


PULSE: Final = web.AppKey("pulse", Pulse)


async def end_streams(app: web.Application) -> None:
    """Lets every stream end, so that stopping the service does not wait for pages that are open."""
    app[PULSE].ending.set()


async def events(request: web.Request) -> web.StreamResponse:
    """Server-sent events: `changed` with the state as its id, and a comment as heartbeat.

    Ends after ten minutes, so that who may no longer look is asked again. 503 where too many listen: such a page
    still asks by itself.
    """
    pulse = request.app[PULSE]
    if pulse.listeners >= MOST_LISTENERS:
        raise web.HTTPServiceUnavailable(headers={hdrs.RETRY_AFTER: "60"})
    stream = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "text/event-stream", "X-Accel-Buffering": "no"})
    pulse.listeners += 1
    try:
        known = request.headers.get(LAST_SEEN) or await pulse.word()
        await stream.prepare(request)
        if request.method == hdrs.METH_HEAD:
            return stream
        # a listener that went away, or a database that cannot be read: the stream ends, and the page asks again
        with suppress(ClientConnectionResetError, ReconcilerError):
            await _tell(request, stream, known)
    finally:
        pulse.listeners -= 1
    return stream


async def _tell(request: web.Request, stream: web.StreamResponse, known: str) -> None:
    """Writes until the listener goes, the service stops or the stream has lasted long enough."""
    pulse, loop = request.app[PULSE], asyncio.get_running_loop()
    end = loop.time() + LONGEST
    await stream.write(b"retry: 3000\n: listening\n\n")
    spoken = loop.time()
    while not await _stopped(pulse) and request.transport is not None and loop.time() < end:
        word = await pulse.word()
        if word != known:
            await stream.write(f"event: changed\nid: {word}\ndata: \n\n".encode())
        elif loop.time() - spoken >= HEARTBEAT:
            await stream.write(b": heartbeat\n\n")
        else:
            continue
        known, spoken = word, loop.time()


async def _stopped(pulse: Pulse) -> bool:
    """Waits for the next look; whether the service stops instead."""
    with suppress(TimeoutError):
        await asyncio.wait_for(pulse.ending.wait(), LOOK_EVERY)
    return pulse.ending.is_set()
