"""Puts the document together: summaries are the handlers' own sentences, rights those of the table of rights."""

import inspect
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from aiohttp import web
from pydantic.json_schema import models_json_schema

from reconciler.core.access import Right
from reconciler.web.openapi.operations import JSON, OPERATIONS, PROBLEM, Content, Operation, Parameter
from reconciler.web.openapi.schemas import SCHEMAS, Schema, ref
from reconciler.web.rights import RIGHTS
from reconciler.web.services import SERVICES

Document = dict[str, object]

IN_PATH: Final = re.compile(r"\{(\w+)\}")
PLACES: Final[Mapping[str, Schema]] = {
    "domain": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$"},
    "group": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$"},
    "id": {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
    "form": {"enum": ["json", "xml", "md", "html"]},
    "digest": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
    "cluster": {"type": "string", "pattern": "^K-[1-9][0-9]{0,17}$"},
}
MEANINGS: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.BAD_REQUEST: "What is asked for cannot be.",
    HTTPStatus.UNAUTHORIZED: "Nobody is signed in, or the token does not hold.",
    HTTPStatus.FORBIDDEN: "Who asks has not the right, or nothing shows that a machine asks.",
    HTTPStatus.NOT_FOUND: "There is none.",
    HTTPStatus.CONFLICT: "It contradicts what is so already.",
    HTTPStatus.PRECONDITION_FAILED: "The evidence is no longer the one named.",
    HTTPStatus.PRECONDITION_REQUIRED: "No evidence is named.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than 64 KiB.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is no JSON.",
    HTTPStatus.TOO_MANY_REQUESTS: "More than is taken in a while; Retry-After says when to come back.",
    HTTPStatus.MISDIRECTED_REQUEST: "The Host header names another server.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The report database, or a store that it takes, can't be read.",
}


async def openapi(request: web.Request) -> web.Response:
    """This interface as an OpenAPI 3.1 document."""
    handlers = {
        (route.method, route.resource.canonical): route.handler
        for route in request.app.router.routes()
        if route.resource is not None
    }
    summaries = {key: _sentence(handlers[key]) for key in OPERATIONS}
    return web.json_response(openapi_document(summaries, version=request.app[SERVICES].version))


def openapi_document(summaries: Mapping[tuple[str, str], str], *, version: str) -> Document:
    """The document; `summaries` are by method and path."""
    paths: dict[str, dict[str, object]] = {}
    for (method, path), operation in OPERATIONS.items():
        right = RIGHTS[method, path]
        told = _operation(operation, method=method, path=path, right=right, summary=summaries[method, path])
        paths.setdefault(path, {})[method.lower()] = told
    return {
        "openapi": "3.1.0",
        "info": {"title": "reconciler", "version": version or "0", "summary": "Whether reads may flip, and why not."},
        "paths": paths,
        "components": {
            "schemas": dict(SCHEMAS) | _bodies(),
            "responses": {status.name: _problem(status) for status in MEANINGS},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation, *, method: str, path: str, right: Right | None, summary: str) -> Document:
    """One operation."""
    places = [_in_path(path, name) for name in IN_PATH.findall(path)]
    told: Document = {
        "operationId": _name(method, path),
        "summary": summary,
        "description": f"Takes the right to {right.value}." if right else "Open to everyone.",
        "parameters": [*places, *(_parameter(one) for one in operation.parameters)],
        "responses": _answers(operation, changes=method != "GET", right=right),
        "security": [{"token": []}] if right else [],
        "x-right": right.value if right else None,
    }
    if operation.body is not None:
        content = {JSON: {"schema": ref(operation.body.__name__)}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _answers(operation: Operation, *, changes: bool, right: Right | None) -> Document:
    """The answers of its own, and those that every operation of its kind may give instead."""
    refusals = [HTTPStatus.MISDIRECTED_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE, *operation.refusals]
    if right is not None:
        refusals += [HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND]
    if changes:
        refusals += [
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.TOO_MANY_REQUESTS
        ]  # fmt: skip
    common: Document = {str(one.value): {"$ref": f"#/components/responses/{one.name}"} for one in sorted(refusals)}
    own: Document = {
        str(status.value): _answer(operation, status, forms) for status, forms in operation.answers.items()
    }
    return dict(sorted((common | own).items()))


def _answer(operation: Operation, status: HTTPStatus, forms: tuple[Content, ...]) -> Document:
    """One answer of its own."""
    told: Document = {"description": MEANINGS.get(status, status.phrase), "content": {f.media: _form(f) for f in forms}}
    if operation.located and status < HTTPStatus.MULTIPLE_CHOICES:
        told["headers"] = {"Location": {"required": True, "schema": {"type": "string", "pattern": "^/api/v1/"}}}
    return told


def _form(form: Content) -> Document:
    """One media type; what is no JSON is a text, of which there is no more to say."""
    return {"schema": ref(form.schema)} if form.schema else {}


def _problem(status: HTTPStatus) -> Document:
    """A problem."""
    return {"description": MEANINGS[status], "content": {PROBLEM: {"schema": ref("Problem")}}}


def _in_path(path: str, name: str) -> Document:
    """A place in a path."""
    kind = "cluster" if "/clusters/" in path else name
    return {"name": name, "in": "path", "required": True, "schema": PLACES[kind]}


def _parameter(one: Parameter) -> Document:
    """A parameter of the query, or a header."""
    return {
        "name": one.name, "in": one.place, "required": one.required, "description": one.told, "schema": one.schema,
    }  # fmt: skip


def _bodies() -> dict[str, Schema]:
    """The shapes of bodies, and of what they are made of."""
    bodies = {one.body for one in OPERATIONS.values() if one.body is not None}
    ordered = sorted(bodies, key=lambda body: body.__name__)
    _, schemas = models_json_schema(
        [(body, "validation") for body in ordered], ref_template="#/components/schemas/{model}"
    )
    shapes: dict[str, Schema] = schemas["$defs"]
    return shapes


def _name(method: str, path: str) -> str:
    """`get_runs_id`: a name that generated clients can use."""
    steps = re.findall(r"[a-z]+", path.removeprefix("/api/v1"))
    return "_".join([method.lower(), *steps])


def _sentence(handler: object) -> str:
    """The first paragraph of a handler's docstring."""
    return " ".join((inspect.getdoc(handler) or "").partition("\n\n")[0].split())
