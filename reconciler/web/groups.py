"""A flip group's gate over HTTP: as JSON, and as an assertion for pipelines."""

from http import HTTPStatus

from aiohttp import web

from reconciler.app.documents import group_document
from reconciler.core.gate import Requirement, satisfies
from reconciler.core.groups import Group
from reconciler.web.asked import one_of
from reconciler.web.problems import Problem, problem_answer
from reconciler.web.services import SERVICES


async def group_gate(request: web.Request) -> web.Response:
    """The gate of a flip group: 200 whatever it says."""
    return web.json_response(group_document(await _group(request)))


async def group_assert(request: web.Request) -> web.Response:
    """200 where every member is at least what `require` asks (default `go`), else 409 with the verdict of each."""
    require = one_of(request, "require", Requirement) or Requirement.GO
    group = await _group(request)
    if all(satisfies(gate, require) for gate in group.gates):
        return web.json_response(group_document(group))
    problem = Problem(
        status=HTTPStatus.CONFLICT,
        title=f"gate of group {group.name} is {group.verdict.value}",
        detail=group.told,
        next_step=group.next_step,
        more={
            "group": group.name,
            "verdict": group.verdict.value,
            "require": require.value,
            "domains": {gate.domain: gate.verdict.value for gate in group.gates},
        },
    )
    return problem_answer(request, problem)


async def _group(request: web.Request) -> Group:
    """The gate of the group that the address names; it has members, or there is no such group."""
    return await request.app[SERVICES].verdicts.group(request.match_info["group"])
