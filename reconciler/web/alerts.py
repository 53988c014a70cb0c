"""What every page says before anything else: a broken audit log, and flags that were flipped without a go."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from reconciler.web.protection import STATIC, Handler
from reconciler.web.services import SERVICES


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alarm: what is wrong, in a sentence, and what to do."""

    text: str
    next_step: str


ALERTS: Final = web.RequestKey("alerts", tuple[Alert, ...])
MACHINES: Final = ("/api/", "/livez", "/readyz", "/metrics", "/badge", "/feed.atom", "/events", STATIC)


@web.middleware
async def look_for_alerts(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Looks before a page is made; where that fails the page does too, and says that nothing can be said."""
    if not request.path.startswith(MACHINES):
        request[ALERTS] = await _alerts(request)
    return await handler(request)


def alerts_of(request: web.Request) -> tuple[Alert, ...]:
    """What was found for this request."""
    found: tuple[Alert, ...] = request.get(ALERTS, ())
    return found


async def _alerts(request: web.Request) -> tuple[Alert, ...]:
    """The broken chain first, then each flag."""
    services = request.app[SERVICES]
    chain = await services.store.audit_chain()
    broken = Alert(
        text=f"The audit log cannot be trusted: {chain.trouble}. Every gate is on hold.",
        next_step="`reconciler audit verify`, then restore the report database from a backup",
    )
    flags = services.alarms() if services.alarms else {}
    flipped = (
        Alert(text=f"{domain}: {alarm}.", next_step=f"turn it back, or look at `reconciler gate {domain}`")
        for domain, alarm in flags.items()
    )
    return (*(() if chain.intact else (broken,)), *flipped)
