"""The Atom feed: changes of verdicts and other important events, newest first, without a value of any record."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

import aiohttp_jinja2
from aiohttp import hdrs, web

from reconciler.core.events import Event
from reconciler.core.sentences import details, headline, path_of, sign
from reconciler.web.services import SERVICES

ATOM: Final = "application/atom+xml; charset=utf-8"
MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event as a feed has it; `id` is the same for ever."""

    id: str
    title: str
    at: datetime
    link: str
    kind: str
    summary: str


async def feed(request: web.Request) -> web.Response:
    """The newest hundred events; empty where nothing was noticed yet."""
    services = request.app[SERVICES]
    events = await services.notices.lately(limit=MOST) if services.notices else ()
    base = services.link.rstrip("/") or str(request.url.origin())
    entries = [entry_of(event, base=base) for event in events]
    shown = {
        "id": f"urn:uuid:{uuid5(NAMESPACE_URL, base)}",
        "base": base,
        "entries": entries,
        "updated": max((entry.at for entry in entries), default=services.clock.now()),
    }
    text = aiohttp_jinja2.render_string("feed.atom", request, shown)
    return web.Response(text=text, headers={hdrs.CONTENT_TYPE: ATOM})


def entry_of(event: Event, *, base: str) -> Entry:
    """An event in the words of the notices."""
    return Entry(
        id=f"urn:uuid:{UUID(event.id.rpartition('_')[2])}",
        title=" ".join(part for part in (sign(event), headline(event)) if part),
        at=event.at,
        link=f"{base}{path_of(event)}",
        kind=event.type.short,
        summary="; ".join(f"{label}: {text}" for label, text in details(event)) or headline(event),
    )
