"""The running service against its own OpenAPI document: made-up requests by nobody, a viewer and an approver."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode, checks
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from reconciler.core.access import Role, rights_of
from reconciler.web.rights import RIGHTS
from tests.acceptance.access.doors import Site, bearer, site
from tests.acceptance.browser.board import seed as fill

pytestmark = pytest.mark.acceptance

CONFORMS: list[checks.CheckFunction] = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 6
LOOKS_INTO_STORES = ("/api/v1/runs", "/api/v1/shadow-reads", "/api/v1/diffs/{id}/reread", "/api/v1/diffs/{id}/reveal")
KNOWN: dict[str, object] = {"domain": "address", "group": "reference", "id": 1, "form": "json"}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report folder with two weeks of runs."""
    folder = tmp_path_factory.mktemp("board") / "reports"
    asyncio.run(fill(folder))
    return folder


@pytest.fixture
async def guarded(filled: Path, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(Path(shutil.copytree(filled, tmp_path / "reports"))) as opened:
        yield opened


def operations(guarded: Site, document: dict[str, Any]) -> Iterator[Any]:
    """Every operation of the document, as schemathesis reads it."""
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=guarded.url)
    found: Any
    for found in schema.get_all_operations():
        yield found.ok()


async def document_of(guarded: Site) -> dict[str, Any]:
    """The document as the service gives it."""
    headers = bearer(await guarded.token(Role.VIEWER, name="reader"))
    async with guarded.http.get("/openapi.json", headers=headers) as answer:
        made: dict[str, Any] = await answer.json()
    return made


def told(guarded: Site, case: Any, headers: dict[str, str]) -> Any:  # noqa: ANN401 - as schemathesis has them
    """The answer to a request, which has the form that the document says; only a store that is down is 503."""
    guarded.clock.move(60)
    case.headers = {**(case.headers or {}), **headers}
    answer = case.call()
    case.validate_response(answer, checks=CONFORMS)
    assert answer.status_code < 500 or (answer.status_code, case.path in LOOKS_INTO_STORES) == (503, True), case.path
    return answer


def made_up(guarded: Site, document: dict[str, Any], headers: dict[str, str]) -> set[tuple[str, str, int]]:
    """What came of requests that are made up from the document, right ones and wrong ones, by operation."""
    statuses: set[tuple[str, str, int]] = set()
    for operation in operations(guarded, document):
        statuses |= exercised(operation, GenerationMode.POSITIVE, guarded, headers)
        if operation.body or operation.query:
            statuses |= exercised(operation, GenerationMode.NEGATIVE, guarded, headers)
    return statuses


def exercised(
    operation: Any,  # noqa: ANN401 - as schemathesis has them
    mode: GenerationMode,
    guarded: Site,
    headers: dict[str, str],
) -> set[tuple[str, str, int]]:
    """Requests of one operation; wrong ones are of something that is there, so that the rest of them is looked at."""
    statuses: set[tuple[str, str, int]] = set()

    @seed(7)
    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def exercise(case: Any) -> None:  # noqa: ANN401 - as schemathesis has them
        if mode is GenerationMode.NEGATIVE:
            case.path_parameters = places(operation)
        answer = told(guarded, case, headers)
        body = case.meta.components.get(ParameterLocation.BODY)
        assert answer.status_code >= 400 or body is None or body.mode is GenerationMode.POSITIVE, case.as_curl_command()
        statuses.add((case.method, case.path, answer.status_code))

    exercise()
    return statuses


def places(operation: Any, **more: object) -> dict[str, object]:  # noqa: ANN401 - as schemathesis has them
    """What is there for the places in an operation's path."""
    known = {one.name: (KNOWN | more)[one.name] for one in operation.path_parameters}
    return known | ({"id": "K-1"} if "/clusters/" in operation.path else {})


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.APPROVER])
async def test_whatever_is_asked_is_answered_as_the_document_says(guarded: Site, role: Role | None) -> None:
    document = await document_of(guarded)
    headers = bearer(await guarded.token(role)) if role else {}
    statuses = await asyncio.to_thread(partial(made_up, guarded, document, headers))
    rights = rights_of(role) if role else frozenset()
    for method, path, status in statuses:
        needed = RIGHTS[method, path]
        refused = 401 if role is None else 403
        assert (status == refused) == (needed is not None and needed not in rights), (method, path, status)
    assert {(method, path) for method, path, _ in statuses} == {
        (method.upper(), path) for path, told in document["paths"].items() for method in told
    }


async def test_what_is_there_is_told_as_the_document_says(guarded: Site) -> None:
    document, headers = await document_of(guarded), bearer(await guarded.token(Role.APPROVER))
    async with guarded.http.get("/api/v1/domains/config/gate", headers=headers) as answer:
        digest = (await answer.json())["evidence_digest"]
    body, named = {"comment": "read", "action": "request"}, headers | {"If-Match": f'"{digest}"'}
    answered = await guarded.asked("POST", "/api/v1/domains/config/approvals", headers=named, json=body)
    assert answered.status == 201

    def ask() -> set[tuple[str, int]]:
        found = set()
        for operation in operations(guarded, document):
            for form in ("json", "xml", "md", "html") if operation.method == "get" else ():
                asked = {"a": 1, "b": 2} if operation.path.endswith("/compare") else {}
                case = operation.Case(path_parameters=places(operation, digest=digest, form=form), query=asked)
                found.add((operation.path, told(guarded, case, headers).status_code))
        return found

    statuses = await asyncio.to_thread(ask)
    assert len(statuses) == sum("get" in told for told in document["paths"].values())
    assert {one for one in statuses if one[1] != 200} == {
        ("/api/v1/domains/{domain}/gate/assert", 409),
        ("/api/v1/groups/{group}/gate/assert", 409),
    }
