"""Light, dark or as the machine says: what a person chose, from a cookie, as every page's frame is told it."""

from enum import StrEnum
from typing import Final

from aiohttp import hdrs, web

COOKIE: Final = "reconciler-theme"


class Theme(StrEnum):
    """Which of the two sets of colours."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


def chosen(request: web.Request) -> dict[str, object]:
    """The theme, those there are, and the page's own address to come back to."""
    address = str(request.rel_url) if request.method in (hdrs.METH_GET, hdrs.METH_HEAD) else "/"
    return {"theme": theme_of(request), "themes": tuple(Theme), "address": address}


def theme_of(request: web.Request) -> Theme:
    """The theme in the cookie; as the machine says where there is none, or another word."""
    kept = request.cookies.get(COOKIE, "")
    return Theme(kept) if kept in set(Theme) else Theme.AUTO
