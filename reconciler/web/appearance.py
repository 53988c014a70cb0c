"""The buttons at the foot of a page: keeping in a cookie how a person wants pages to look."""

from typing import Final

from aiohttp import web

from reconciler.web.access import own_path
from reconciler.web.asked import form_of, see, word_of
from reconciler.web.origins import plain
from reconciler.web.themes import COOKIE, Theme

A_YEAR: Final = 365 * 24 * 3600


async def choose(request: web.Request) -> web.Response:
    """Keeps the theme, and leads back."""
    fields = await form_of(request)
    theme = word_of("theme", fields.get("theme", ""), Theme)
    answer = see(own_path(fields.get("next", "/")))
    answer.set_cookie(
        COOKIE, theme.value, path="/", max_age=A_YEAR, httponly=True, samesite="Lax", secure=not plain(request)
    )
    return answer
