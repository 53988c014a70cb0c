"""Starting runs and calling them off over HTTP, and reads that the backend reports to be checked."""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from reconciler.app.documents import run_head
from reconciler.app.run_requests import RunWish, only_what_differs, run_request, same_again
from reconciler.core.model import Mode
from reconciler.web.access import actor_of
from reconciler.web.asked import form_of, id_of, see, word_of
from reconciler.web.bodies import RunBody, ShadowReadsBody, body_of
from reconciler.web.services import SERVICES


async def start(request: web.Request) -> web.Response:
    """Starts a run in this process: 202 with its address, 409 while another run of a domain is under way."""
    body = await body_of(request, RunBody)
    wish = RunWish(
        domains=tuple(body.domains), mode=body.mode, sample=body.sample, seed=body.seed, keys=tuple(body.keys)
    )
    return await _accepted(request, await _start(request, wish))


async def shadow_reads(request: web.Request) -> web.Response:
    """Compares the records that the backend read: 202 with the address of the run that does, 409 to try again later."""
    body = await body_of(request, ShadowReadsBody)
    named = f"{body.domain}.{body.entity}" if body.entity else body.domain
    wish = RunWish(domains=(named,), mode=Mode.KEYS, keys=tuple(dict.fromkeys(body.keys)))
    return await _accepted(request, await _start(request, wish, trigger="shadow reads of "))


async def cancel(request: web.Request) -> web.Response:
    """Calls off a run of this process: 202, what it finished is kept; 409 where there is nothing to call off."""
    run_id = int(request.match_info["id"])
    await request.app[SERVICES].acts.runs.cancel(run_id, actor=actor_of(request))
    return await _accepted(request, run_id)


async def start_form(request: web.Request) -> web.Response:
    """The buttons that start a run: a new one, one `again`, or of what differed (`recheck`); leads to its page."""
    fields = await form_of(request)
    if fields.get("again") or fields.get("recheck"):
        run_id = await _start_like(request, fields)
    else:
        domain, mode = fields.get("domain", ""), word_of("mode", fields.get("mode", Mode.SCAN.value), Mode)
        run_id = await _start(request, RunWish(domains=(domain,) if domain else (), mode=mode))
    return see(f"/runs/{run_id}")


async def cancel_form(request: web.Request) -> web.Response:
    """The button that calls a run off."""
    run_id = int(request.match_info["id"])
    await request.app[SERVICES].acts.runs.cancel(run_id, actor=actor_of(request))
    return see(f"/runs/{run_id}")


async def _start(request: web.Request, wish: RunWish, *, trigger: str = "") -> int:
    """The id of a run that has begun, under the name of whoever asked for it."""
    services, actor = request.app[SERVICES], actor_of(request)
    wanted = run_request(services.system, wish, trigger=f"{trigger}{actor.name}", sample=services.sample)
    return await services.acts.runs.start(wanted, actor=actor)


async def _start_like(request: web.Request, fields: Mapping[str, str]) -> int:
    """The id of a run that has begun after the model of a stored one."""
    services, actor = request.app[SERVICES], actor_of(request)
    store, system, trigger = services.store, services.system, actor.name
    if model := fields.get("again"):
        wanted = same_again(system, await store.run(id_of(model)), trigger=trigger, sample=services.sample)
    else:
        run = await store.run(id_of(fields["recheck"]))
        wanted = await only_what_differs(system, run, store=store, trigger=trigger)
    return await services.acts.runs.start(wanted, actor=actor)


async def _accepted(request: web.Request, run_id: int) -> web.Response:
    """202: the run as it stands, and where to follow it."""
    stored = await request.app[SERVICES].store.run(run_id)
    head = run_head(stored) | {"domains": [part.domain for part in stored.domains]}
    headers = {"Location": f"/api/v1/runs/{run_id}"}
    return web.json_response(head, status=HTTPStatus.ACCEPTED, headers=headers)
