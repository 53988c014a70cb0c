"""Signing in with a token, which a cookie then stands for, and signing out."""

from http import HTTPStatus

import aiohttp_jinja2
from aiohttp import web

from reconciler.core.access import Actor, Means
from reconciler.core.tokens import ABSOLUTE, Token
from reconciler.errors import NotSignedIn
from reconciler.web.access import ACTOR, LOGIN, note_refusal, own_path
from reconciler.web.alerts import alerts_of
from reconciler.web.entrance import cookie_name
from reconciler.web.limits import pace_sign_in
from reconciler.web.origins import plain
from reconciler.web.services import SERVICES
from reconciler.web.themes import chosen
from reconciler.web.words import Family


async def form(request: web.Request) -> web.Response:
    """The form; `?next=` is the page to go on to."""
    return _page(request, going_to=request.query.get("next", ""))


async def enter(request: web.Request) -> web.StreamResponse:
    """Exchanges a token for a session that nobody could have prepared; a session before it ends."""
    pace_sign_in(request)
    fields, sign_in = await request.post(), request.app[SERVICES].entrance.sign_in
    going_to = own_path(str(fields.get("next", "")))
    try:
        token = await sign_in.recognise(str(fields.get("token", "")).strip())
    except NotSignedIn as refused:
        await note_refusal(request, Means.SESSION)
        return _page(request, going_to=going_to, refused=refused)
    return await enter_as(request, token.actor(Means.SESSION), token=token, going_to=going_to)


async def enter_as(request: web.Request, actor: Actor, *, token: Token | None, going_to: str) -> web.Response:
    """Starts a session of its own for an actor, ends the one before it, and leads on."""
    sign_in, before = request.app[SERVICES].entrance.sign_in, request.cookies.get(cookie_name(request))
    if before:
        await sign_in.end(before)
    return _keep(request, await sign_in.start(actor, token=token), going_to=going_to)


async def leave(request: web.Request) -> web.StreamResponse:
    """Ends the session."""
    name = cookie_name(request)
    cookie = request.cookies.get(name)
    if cookie:
        await request.app[SERVICES].entrance.sign_in.end(cookie)
    answer = _see(LOGIN)
    answer.del_cookie(name, path="/", secure=not plain(request), httponly=True, samesite="Lax")
    return answer


def _keep(request: web.Request, cookie: str, *, going_to: str) -> web.Response:
    """The answer that gives the cookie and leads on."""
    answer = _see(own_path(going_to))
    answer.set_cookie(
        cookie_name(request),
        cookie,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=not plain(request),
        max_age=int(ABSOLUTE.total_seconds()),
    )
    return answer


def _see(path: str) -> web.Response:
    """Leads there with a GET."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})


def _page(request: web.Request, *, going_to: str, refused: NotSignedIn | None = None) -> web.Response:
    """The page with the form."""
    services = request.app[SERVICES]
    frame = {
        "title": "Sign in",
        "family": Family.NODATA,
        "here": "",
        "refresh": False,
        "actor": request.get(ACTOR),
        "alerts": alerts_of(request) if request.get(ACTOR) else (),
        "now": services.clock.now(),
        "going_to": own_path(going_to),
        "refused": refused,
        "issuer": services.entrance.provider is not None,
    }
    status = HTTPStatus.UNAUTHORIZED if refused else HTTPStatus.OK
    return aiohttp_jinja2.render_template("login.html", request, frame | chosen(request), status=status)
