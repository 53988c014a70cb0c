"""What the health page is told about this process, both stores and the report database."""

import platform
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from reconciler.adapters.code_version import code_version
from reconciler.adapters.config.listing import listed_settings
from reconciler.adapters.config.service_shape import AccessMode
from reconciler.adapters.config.values import format_duration
from reconciler.adapters.libraries import libraries
from reconciler.adapters.settings import Settings
from reconciler.app.asking import Asking
from reconciler.errors import ReportStoreError
from reconciler.web.services import About, Insight
from reconciler.wiring import Reports, reachability

STORES_EVERY: Final = 30.0
CHECK_EVERY: Final = timedelta(hours=6).total_seconds()
PATIENCE: Final = 3.0
SIGN_IN: Final = {
    AccessMode.LOOPBACK: "nobody signs in: only this machine is answered, as its administrator",
    AccessMode.TOKEN: "by access token, or a session in exchange for one",
    AccessMode.PROXY: "by what a trusted reverse proxy vouches for",
    AccessMode.OIDC: "at an OpenID Connect issuer",
}


@asynccontextmanager
async def insight(reports: Reports) -> AsyncIterator[Insight]:
    """What the health page asks for; nothing is asked of the stores before somebody opens it."""
    clock = reports.clock

    async def sound() -> tuple[Sequence[str], datetime]:
        try:
            problems: Sequence[str] = await reports.store.check()
        except ReportStoreError as problem:
            problems = (problem.message,)
        return problems, clock.now()

    stores = Asking(reachability(reports).look, every=STORES_EVERY, patience=PATIENCE, clock=clock)
    soundness = Asking(sound, every=CHECK_EVERY, patience=0.0, clock=clock)
    try:
        yield Insight(about=_about(reports), stores=stores.latest, soundness=soundness.latest)
    finally:
        await stores.close()
        await soundness.close()


def _about(reports: Reports) -> About:
    """This process."""
    configuration = reports.configuration
    return About(
        version=code_version(),
        python=platform.python_version(),
        host=socket.gethostname(),
        started_at=reports.clock.now(),
        sign_in=SIGN_IN[configuration.settings.access.mode],
        flags_seen=_flags(configuration.settings),
        settings=listed_settings(configuration),
        libraries=libraries(),
    )


def _flags(settings: Settings) -> str:
    """How flags are known."""
    if not settings.backend.health_url:
        return "recorded by hand"
    return f"the backend's health page, every {format_duration(settings.backend.poll)}"
