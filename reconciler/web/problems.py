"""What went wrong as an answer: RFC 9457 problem documents under /api, pages elsewhere, and never a green one."""

import logging
import traceback
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import uuid4

import aiohttp_jinja2
from aiohttp import web

from reconciler.errors import (
    AccessDenied,
    AlreadyRunning,
    ConfigurationError,
    Conflict,
    EvidenceMoved,
    NotFound,
    NotSignedIn,
    ReconcilerError,
    ReportStoreError,
    StoreRefused,
    StoreUnavailable,
    UsageError,
)
from reconciler.web.access import ACTOR
from reconciler.web.alerts import alerts_of
from reconciler.web.origins import for_machines
from reconciler.web.protection import Handler
from reconciler.web.services import SERVICES
from reconciler.web.themes import chosen
from reconciler.web.words import Family

KEPT = ("Allow", "Retry-After")
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem as RFC 9457 has it; `more` holds further members."""

    status: int
    title: str
    detail: str
    next_step: str = ""
    more: dict[str, object] = field(default_factory=dict)


def problem_answer(request: web.Request, problem: Problem) -> web.Response:
    """`application/problem+json`."""
    document: dict[str, object] = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.path,
    }
    if problem.next_step:
        document["next_step"] = problem.next_step
    return web.json_response(document | problem.more, status=problem.status, content_type="application/problem+json")


@web.middleware
async def tell_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns every error into an answer that says what was expected, what came and what to do next."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        return _keeping(_answer(request, _of_http(error)), error)
    except ReconcilerError as error:
        return _challenged(_answer(request, _of_ours(error)))
    except Exception as error:  # noqa: BLE001 - the edge of the program: nothing unforeseen may look like an answer
        return _answer(request, _unforeseen(error))


def _keeping(answer: web.Response, error: web.HTTPException) -> web.Response:
    """A method that is not allowed says which are, a request too many when the next may come."""
    answer.headers.update({name: error.headers[name] for name in KEPT if name in error.headers})
    return answer


def _challenged(answer: web.Response) -> web.Response:
    """An answer to somebody unknown says how a machine signs in."""
    if answer.status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="reconciler"'
    return answer


def _of_http(error: web.HTTPException) -> Problem:
    """What the server itself refused."""
    match error.status:
        case HTTPStatus.NOT_FOUND:
            detail, step = "There is nothing at this address.", "go to the overview and follow its links"
        case HTTPStatus.METHOD_NOT_ALLOWED:
            detail, step = "This address does not take that method.", ""
        case HTTPStatus.MISDIRECTED_REQUEST:
            detail = "This server does not answer under the name in the Host header."
            step = "use 127.0.0.1 or localhost with the port it listens on"
        case HTTPStatus.FORBIDDEN:
            detail = "Nothing shows that one of our own pages, or a machine with a token, sent this."
            step = "send it from a page of this server, or with the header Authorization"
        case HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
            detail, step = "The body is of a type that this address does not take.", "send application/json to /api/"
        case HTTPStatus.TOO_MANY_REQUESTS:
            detail, step = "That is more than this server takes in a while.", "wait as long as Retry-After says"
        case _:
            detail, step = "The request could not be answered.", ""
    return Problem(status=error.status, title=HTTPStatus(error.status).phrase, detail=detail, next_step=step)


def _of_ours(error: ReconcilerError) -> Problem:
    """An error raised on purpose: what does not exist, what cannot be asked, what cannot be read."""
    match error:
        case NotSignedIn():
            status = HTTPStatus.UNAUTHORIZED
        case AccessDenied():
            status = HTTPStatus.FORBIDDEN
        case NotFound():
            status = HTTPStatus.NOT_FOUND
        case Conflict() | AlreadyRunning():
            status = HTTPStatus.CONFLICT
        case EvidenceMoved():
            status = HTTPStatus.PRECONDITION_FAILED
        case UsageError():
            status = HTTPStatus.BAD_REQUEST
        case ReportStoreError() | StoreUnavailable() | StoreRefused() | ConfigurationError():
            status = HTTPStatus.SERVICE_UNAVAILABLE
        case _:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
    parts = [error.message, *([f"expected {error.expected}"] if error.expected else [])]
    parts += [f"got {error.got}"] if error.got else []
    return Problem(status=status, title=status.phrase, detail=f"{'; '.join(parts)}.", next_step=error.next_step)


def _unforeseen(error: Exception) -> Problem:
    """A defect: where it happened goes to the log under a number, its text nowhere, for it may hold values."""
    number = uuid4().hex[:12]
    frames = "".join(traceback.format_tb(error.__traceback__))
    LOG.error("request %s failed with %s\n%s", number, type(error).__name__, frames)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = f"The page could not be made. The log has the reason under {number}."
    return Problem(status=status, title=status.phrase, detail=detail, next_step="report it with that number")


def _answer(request: web.Request, problem: Problem) -> web.Response:
    """As JSON for machines, as a page for people."""
    if for_machines(request):
        return problem_answer(request, problem)
    unreadable = problem.status == HTTPStatus.SERVICE_UNAVAILABLE
    context = {
        "title": f"({problem.status}) {problem.title}",
        "family": Family.INCONCLUSIVE if unreadable else Family.NODATA,
        "actor": request.get(ACTOR),
        "alerts": alerts_of(request),
        "now": request.app[SERVICES].clock.now(),
        "here": "",
        "refresh": False,
        "problem": problem,
        "unreadable": unreadable,
    }
    return aiohttp_jinja2.render_template("problem.html", request, context | chosen(request), status=problem.status)
