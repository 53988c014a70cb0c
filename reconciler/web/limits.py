"""How often one address may ask to change something or to sign in, and how often a refusal is written down."""

import math
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final, Self

from aiohttp import hdrs, web

from reconciler.app.allowance import Allowance
from reconciler.app.ports import Clock
from reconciler.web.origins import SAFE, client_address
from reconciler.web.protection import Handler
from reconciler.web.services import SERVICES

EVERYONE: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The buckets of this process."""

    changes: Allowance
    sign_ins: Allowance
    all_sign_ins: Allowance
    noted_refusals: Allowance

    @classmethod
    def by(cls, clock: Clock) -> Self:
        """Full buckets."""
        return cls(
            changes=Allowance(clock, burst=100, per_minute=600),
            sign_ins=Allowance(clock, burst=5, per_minute=5),
            all_sign_ins=Allowance(clock, burst=30, per_minute=30),
            noted_refusals=Allowance(clock, burst=10, per_minute=2),
        )


LIMITS: Final = web.AppKey("limits", Limits)


@web.middleware
async def paced(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers 429 where an address asks for changes faster than any person or pipeline would."""
    if request.method not in SAFE:
        _require_turn(request.app[LIMITS].changes.wait(neighbourhood(request)))
    return await handler(request)


def pace_sign_in(request: web.Request) -> None:
    """Takes a turn to sign in, of the address and of all; HTTPTooManyRequests where either has none."""
    limits = request.app[LIMITS]
    _require_turn(limits.sign_ins.wait(neighbourhood(request)))
    _require_turn(limits.all_sign_ins.wait(EVERYONE))


def neighbourhood(request: web.Request) -> str:
    """The client's address; of IPv6 the network of 64 bits, as one machine has all of it."""
    address = client_address(request, trusts=request.app[SERVICES].entrance.trusts)
    if isinstance(address, IPv6Address):
        return f"{int(address) >> 64:x}"
    return str(address)


def _require_turn(seconds: float) -> None:
    """Says when to come back."""
    if seconds:
        raise web.HTTPTooManyRequests(headers={hdrs.RETRY_AFTER: str(math.ceil(seconds))})
