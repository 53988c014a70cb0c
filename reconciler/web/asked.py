"""What a request asks for in its query, path and form, checked before anything is looked up."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import TypeVar

from aiohttp import web

from reconciler.core.spec import DomainSpec
from reconciler.errors import NotFound, UsageError
from reconciler.web.services import SERVICES

Word = TypeVar("Word", bound=StrEnum)
MOST_DIGITS = 18
MOST_DAYS = 92


def whole_number(request: web.Request, name: str, *, least: int, most: int | None = None) -> int | None:
    """A whole number from the query, None where it is not given; UsageError for anything else."""
    text = request.query.get(name, "")
    if not text:
        return None
    readable = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    if not readable or int(text) < least or (most is not None and int(text) > most):
        expected = f"a whole number from {least}{f' to {most}' if most is not None else ''}"
        raise UsageError(f"{name} in the query", expected=expected, got=repr(text[:40]))
    return int(text)


def id_of(text: str) -> int:
    """The id in a form; UsageError for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise UsageError("an id in the form", expected="a whole number", got=repr(text[:40]))
    return int(text)


def days_asked(request: web.Request, *, usual: int) -> int:
    """How many days back a timeline goes; UsageError for less than one or more than three months."""
    return whole_number(request, "days", least=1, most=MOST_DAYS) or usual


def one_of(request: web.Request, name: str, kind: type[Word]) -> Word | None:
    """A word from the query, None where it is not given; UsageError for one that is unknown."""
    text = request.query.get(name, "")
    return word_of(name, text, kind) if text else None


def word_of(name: str, text: str, kind: type[Word]) -> Word:
    """The word of that kind; UsageError for one that is unknown."""
    known: Collection[str] = [one.value for one in kind]
    if text not in known:
        raise UsageError(f"{name} in the query", expected=f"one of {', '.join(known)}", got=repr(text[:40]))
    return kind(text)


def domain_in_query(request: web.Request) -> str | None:
    """The domain to narrow a list to, None for all; NotFound where there is no such domain."""
    name = request.query.get("domain", "")
    return known_domain(request, name).name if name else None


def domain_in_path(request: web.Request) -> DomainSpec:
    """The domain that the address names; NotFound where there is none."""
    return known_domain(request, request.match_info["domain"])


def known_domain(request: web.Request, name: str) -> DomainSpec:
    """The domain of that name; NotFound where there is none."""
    system = request.app[SERVICES].system
    for domain in system.domains:
        if domain.name == name:
            return domain
    known = ", ".join(domain.name for domain in system.domains)
    raise NotFound("no such domain", expected=f"one of {known}", got=repr(name[:64]), next_step="go to the overview")


async def form_of(request: web.Request) -> Mapping[str, str]:
    """The texts of a form, each once."""
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def see(path: str) -> web.Response:
    """Leads a browser on, so that loading the page again sends nothing again."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})


def next_address(request: web.Request, name: str, value: int | None) -> str | None:
    """The address of the page that follows this one, None at the end; `name` is the parameter that moves."""
    return None if value is None else str(request.rel_url.update_query({name: str(value)}))
