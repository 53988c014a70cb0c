"""Asks the backend's health page which store each domain is read from; an answer of another shape is no answer."""

import json
from collections.abc import Mapping

import aiohttp

from reconciler.errors import BackendUnreadable

PATIENCE_SECONDS = 3.0
MOST_BYTES = 1_000_000
EXPECTED = "JSON with checks.postgres.storeModes, as DOMAINS describes /api/health"
NEXT_STEP = "check [backend] health_url and that the backend answers"


class BackendHealth:
    """The page at [backend] health_url."""

    def __init__(self, url: str) -> None:
        """Nothing is sent yet."""
        self._url = url

    async def store_modes(self) -> Mapping[str, str]:
        """`storeModes` as the page has it; BackendUnreadable where the page is unreachable, slow or nonsense."""
        document = await self._document()
        modes: object = document
        for name in ("checks", "postgres", "storeModes"):
            modes = modes.get(name) if isinstance(modes, dict) else None
        if not isinstance(modes, dict) or not all(isinstance(mode, str) for mode in modes.values()):
            raise BackendUnreadable(
                "the backend's health page", expected=EXPECTED, got="JSON without it", next_step=NEXT_STEP
            )
        return modes

    async def _document(self) -> object:
        """The page as JSON."""
        timeout = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(self._url, allow_redirects=False) as answer,
            ):
                body = await answer.content.read(MOST_BYTES)
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
            raise BackendUnreadable(
                "the backend's health page can't be read",
                expected=f"an answer within {PATIENCE_SECONDS:.0f} s",
                got=type(problem).__name__,
                next_step=NEXT_STEP,
            ) from None
        if status != 200:  # noqa: PLR2004 - OK
            raise BackendUnreadable(
                "the backend's health page", expected="status 200", got=str(status), next_step=NEXT_STEP
            )
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise BackendUnreadable(
                "the backend's health page", expected=EXPECTED, got="no JSON", next_step=NEXT_STEP
            ) from None
