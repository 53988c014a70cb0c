"""Who asks: finds the actor of each request, and refuses what the table of rights does not allow."""

import re
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web

from reconciler.core import access
from reconciler.core.access import Actor, Means, Right, Role
from reconciler.core.audit import Act, AuditAction
from reconciler.errors import AccessDenied, NotSignedIn
from reconciler.web.limits import EVERYONE, LIMITS, neighbourhood
from reconciler.web.origins import SAFE, for_machines
from reconciler.web.protection import Handler
from reconciler.web.rights import RIGHTS
from reconciler.web.services import SERVICES

ACTOR: Final = web.RequestKey("actor", Actor)
LOGIN: Final = "/login"
LOGOUT: Final = "/logout"
SIGNING: Final = (LOGIN, LOGOUT)
STEP: Final = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*"
OWN_PATH: Final = re.compile(rf"/(?:{STEP}(?:/{STEP})*)?(?:\?[\x21-\x5b\x5d-\x7e]*)?")


def actor_of(request: web.Request) -> Actor:
    """Who asks; NotSignedIn where nobody did on an address that is open to everyone."""
    actor: Actor | None = request.get(ACTOR)
    if actor is None:
        raise NotSignedIn(
            "nobody is signed in",
            expected="a session, or the header Authorization with Bearer and a token",
            next_step=f"sign in at {LOGIN}",
        )
    return actor


def require(request: web.Request, right: Right) -> Actor:
    """Who asks, if they have the right: for what a handler allows beyond its address's own. Raises AccessDenied."""
    return access.require(actor_of(request), right)


@web.middleware
async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets a request through that has the right its address takes; an address without an entry lets nobody through."""
    needed = _needed(request)
    if needed is None and request.path not in SIGNING:
        return await handler(request)
    actor = await _identified(request)
    if actor is not None:
        request[ACTOR] = actor
    if needed is not None:
        if actor is None and request.method in SAFE and not for_machines(request):
            raise web.HTTPSeeOther(f"{LOGIN}?next={quote(own_path(request.path_qs))}")
        require(request, needed)
    return await handler(request)


async def _identified(request: web.Request) -> Actor | None:
    """Who asks; what does not hold is written down."""
    try:
        return await request.app[SERVICES].entrance.identify(request)
    except NotSignedIn:
        await note_refusal(request, Means.TOKEN)
        raise


async def note_refusal(request: web.Request, means: Means) -> None:
    """Writes down that somebody was not let in, unless that happens too often to say anything new."""
    if request.app[LIMITS].noted_refusals.wait(EVERYONE):
        return
    services = request.app[SERVICES]
    unknown = Actor(name="unknown", role=Role.VIEWER, means=means)
    act = Act(
        actor=unknown,
        action=AuditAction.SIGN_IN_REFUSED,
        at=services.clock.now(),
        comment=f"from {neighbourhood(request)}",
    )
    await services.store.note_act(act)


def own_path(text: str) -> str:
    """The address itself where it is a plain path of ours, else the overview: no sign-in leads to another site."""
    return text if OWN_PATH.fullmatch(text) else "/"


def _needed(request: web.Request) -> Right | None:
    """The right that the address takes, None where it is open; an address that does not exist takes the least.

    Which addresses are open is written in `rights.py`, but for badges and feed, which a configuration can open.
    """
    resource = request.match_info.route.resource
    if resource is None:
        return Right.VIEW
    entry = (hdrs.METH_GET if request.method == hdrs.METH_HEAD else request.method, resource.canonical)
    if entry not in RIGHTS:
        raise AccessDenied("no right is declared for this address", next_step="report it; nobody is let through")
    return None if resource.canonical in request.app[SERVICES].public else RIGHTS[entry]
