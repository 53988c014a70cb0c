"""Signing in at an issuer: leaving for it, and coming back from it into a session."""

from collections import OrderedDict
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from aiohttp import web

from reconciler.app.ports import Clock
from reconciler.app.sign_in import Journey
from reconciler.core.access import Actor, Means
from reconciler.errors import AccessDenied, NotFound, NotSignedIn
from reconciler.web.access import note_refusal, own_path
from reconciler.web.entrance import IdentityProvider
from reconciler.web.limits import pace_sign_in
from reconciler.web.login import enter_as
from reconciler.web.origins import plain
from reconciler.web.services import SERVICES

ISSUER: Final = "/login/oidc"
CALLBACK: Final = "/login/oidc/callback"
COOKIE: Final = "reconciler-journey"
HARDENED: Final = "__Host-reconciler-journey"
LONGEST_SECONDS: Final = 600
MOST_AWAY: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Away:
    """Somebody who has left for the issuer."""

    journey: Journey
    going_to: str
    since: float


class Journeys:
    """Who is away at the issuer, by state: each comes back once, within ten minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._away: OrderedDict[str, _Away] = OrderedDict()

    def leave(self, journey: Journey, *, going_to: str) -> None:
        """Remembers a journey; the oldest is forgotten where too many are away."""
        self._away[journey.state] = _Away(journey=journey, going_to=going_to, since=self._clock.monotonic())
        if len(self._away) > MOST_AWAY:
            self._away.popitem(last=False)

    def back(self, state: str) -> _Away | None:
        """The journey and where it goes on to, once; None for one that is unknown or took too long."""
        away = self._away.pop(state, None)
        if away is None or self._clock.monotonic() - away.since > LONGEST_SECONDS:
            return None
        return away


JOURNEYS: Final = web.AppKey("journeys", Journeys)


async def leave(request: web.Request) -> web.StreamResponse:
    """Sends somebody to the issuer, with a cookie that ties the journey to their browser."""
    provider = _provider(request)
    pace_sign_in(request)
    journey = await provider.begin()
    request.app[JOURNEYS].leave(journey, going_to=own_path(request.query.get("next", "")))
    answer = web.Response(status=303, headers={"Location": journey.address})
    answer.set_cookie(
        _cookie(request), journey.state, path="/", httponly=True, samesite="Lax", secure=not plain(request),
        max_age=LONGEST_SECONDS,
    )  # fmt: skip
    return answer


async def arrive(request: web.Request) -> web.StreamResponse:
    """Takes somebody back: the state has to be of this browser, known, and new; the issuer's word has to hold."""
    provider = _provider(request)
    pace_sign_in(request)
    state, bound = request.query.get("state", ""), request.cookies.get(_cookie(request), "")
    away = request.app[JOURNEYS].back(state) if state and compare_digest(state.encode(), bound.encode()) else None
    try:
        actor = await _finished(request, provider, away)
    except (NotSignedIn, AccessDenied):
        await note_refusal(request, Means.OIDC)
        raise
    answer = await enter_as(request, actor, token=None, going_to=away.going_to if away else "")
    answer.del_cookie(_cookie(request), path="/", secure=not plain(request), httponly=True, samesite="Lax")
    return answer


async def _finished(request: web.Request, provider: IdentityProvider, away: _Away | None) -> Actor:
    """Who came back; NotSignedIn for anything but the end of a journey that began here."""
    if away is None or "code" not in request.query:
        raise NotSignedIn(
            "this sign-in did not begin here, took too long, or was refused by the issuer",
            next_step="sign in again at /login",
        )
    return await provider.finish(request.query["code"], away.journey)


def _provider(request: web.Request) -> IdentityProvider:
    """The issuer; NotFound where none is configured."""
    provider = request.app[SERVICES].entrance.provider
    if provider is None:
        raise NotFound("no issuer is configured", next_step="sign in with a token at /login")
    return provider


def _cookie(request: web.Request) -> str:
    """The name of the cookie, as with a session's."""
    return COOKIE if plain(request) else HARDENED
