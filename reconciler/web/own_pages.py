"""Changes are taken from our own pages and from machines only, with a body of the type that the address takes."""

from typing import Final

from aiohttp import hdrs, web

from reconciler.core.access import Actor, Means
from reconciler.web.access import ACTOR
from reconciler.web.origins import SAFE, for_machines, same_origin
from reconciler.web.protection import Handler

JSON: Final = "application/json"
NO_ORIGIN: Final = "null"
FORM: Final = "application/x-www-form-urlencoded"


@web.middleware
async def own_page(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses a change that another site's page may have sent (403), and a body of another type (415)."""
    if request.method not in SAFE and request.match_info.route.resource is not None:
        if not _ours(request):
            raise web.HTTPForbidden
        if request.body_exists and request.content_type != (JSON if for_machines(request) else FORM):
            raise web.HTTPUnsupportedMediaType
    return await handler(request)


def _ours(request: web.Request) -> bool:
    """What a browser says of where the request was made; where nothing is said, whether no page can have made it.

    Under our Referrer-Policy the Origin of our own forms is `null`: it says nothing, and Sec-Fetch-Site has to.
    """
    sites = request.headers.getall("Sec-Fetch-Site", [])
    origins = request.headers.getall(hdrs.ORIGIN, [])
    if sites:
        return set(sites) == {"same-origin"} and all(one == NO_ORIGIN or same_origin(one, request) for one in origins)
    return all(same_origin(one, request) for one in origins) if origins else _machine(request)


def _machine(request: web.Request) -> bool:
    """Whether it carries a token, or comes from this machine with a type that no form can send."""
    actor: Actor | None = request.get(ACTOR)
    if actor is None:
        return False
    return actor.means is Means.TOKEN or (actor.means is Means.LOOPBACK and request.content_type == JSON)
