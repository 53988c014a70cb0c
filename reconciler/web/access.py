"""Who asks: finds the actor of each request, and refuses what the table of rights does not allow."""

from typing import Final

from aiohttp import hdrs, web

from reconciler.core import access
from reconciler.core.access import Actor, Right
from reconciler.errors import AccessDenied, NotSignedIn
from reconciler.web.protection import Handler
from reconciler.web.rights import RIGHTS
from reconciler.web.services import SERVICES

ACTOR: Final = web.RequestKey("actor", Actor)


def actor_of(request: web.Request) -> Actor:
    """Who asks; NotSignedIn where nobody did on an address that is open to everyone."""
    actor: Actor | None = request.get(ACTOR)
    if actor is None:
        raise NotSignedIn("nobody is signed in", expected="a session or a token", next_step="sign in")
    return actor


def require(request: web.Request, right: Right) -> Actor:
    """Who asks, if they have the right: for what a handler allows beyond its address's own. Raises AccessDenied."""
    return access.require(actor_of(request), right)


@web.middleware
async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets a request through that has the right its address takes; an address without an entry lets nobody through."""
    needed = _needed(request)
    if needed is None:
        return await handler(request)
    actor = await request.app[SERVICES].doorkeeper.identify(request)
    if actor is not None:
        request[ACTOR] = actor
    require(request, needed)
    return await handler(request)


def _needed(request: web.Request) -> Right | None:
    """The right that the address takes, None where it is open; an address that does not exist takes the least."""
    resource = request.match_info.route.resource
    if resource is None:
        return Right.VIEW
    entry = (hdrs.METH_GET if request.method == hdrs.METH_HEAD else request.method, resource.canonical)
    if entry not in RIGHTS:
        raise AccessDenied("no right is declared for this address", next_step="report it; nobody is let through")
    return RIGHTS[entry]
