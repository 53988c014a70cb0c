"""What every answer carries and every request must be: security headers, no caching, and a Host that is ours."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import hdrs, web

from reconciler.web.origins import host_name, plain
from reconciler.web.rights import BADGES
from reconciler.web.services import SERVICES

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATIC: Final = "/static/"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """Puts the headers on as the answer starts; the name and version of the server go."""
    response.headers.update(HEADERS)
    response.headers[hdrs.CACHE_CONTROL] = "no-cache" if request.path.startswith(STATIC) else "no-store"
    resource = request.match_info.route.resource
    if resource is not None and resource.canonical in BADGES & request.app[SERVICES].public:
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers.popall(hdrs.SERVER, None)
    if not plain(request):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"


@web.middleware
async def known_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers only under its own names, so that a page of another site cannot reach it through a name of its own."""
    if host_name(request.headers.get(hdrs.HOST, "")) not in request.app[SERVICES].hosts:
        raise web.HTTPMisdirectedRequest(reason="Misdirected Request")
    return await handler(request)
