"""A diff looked at again in both stores, masked or revealed, and notes on clusters: as JSON and from the pages."""

from aiohttp import web

from reconciler.app.documents import cluster_document
from reconciler.app.ports import ClusterCount, ClusterNote
from reconciler.app.rereading import Reread
from reconciler.web.access import actor_of
from reconciler.web.asked import form_of, see
from reconciler.web.bodies import ClusterBody, body_of
from reconciler.web.pages import diff_page_with
from reconciler.web.services import SERVICES


async def reread(request: web.Request) -> web.Response:
    """Reads the diff's record from both stores now and compares it, masked; nothing is stored."""
    return web.json_response((await _reread(request)).document)


async def reveal(request: web.Request) -> web.Response:
    """Both sides' values of the diff's record now, secrets never; written into the audit log, stored nowhere."""
    return web.json_response((await _reveal(request)).revealed_document)


async def note(request: web.Request) -> web.Response:
    """Notes owner, note and link on a cluster; what is left out stays."""
    body = await body_of(request, ClusterBody)
    return web.json_response(cluster_document(await _note(request, ClusterNote(**body.model_dump()))))


async def reread_form(request: web.Request) -> web.Response:
    """The button that reads a record again; the answer stands on the diff's page."""
    return await diff_page_with(request, await _reread(request))


async def reveal_form(request: web.Request) -> web.Response:
    """The button that reveals; the values stand on this one answer only."""
    return await diff_page_with(request, await _reveal(request))


async def note_form(request: web.Request) -> web.Response:
    """The form on a cluster's page."""
    fields = await form_of(request)
    text = (fields.get("note") or "").replace("\r\n", "\n")
    given = ClusterNote(owner=fields.get("owner", ""), note=text, link=fields.get("link", ""))
    return see(f"/clusters/{(await _note(request, given)).id}")


async def _reread(request: web.Request) -> Reread:
    """The record as of now."""
    rereading, diff_id = request.app[SERVICES].acts.records, int(request.match_info["id"])
    return await rereading.reread(diff_id, actor=actor_of(request))


async def _reveal(request: web.Request) -> Reread:
    """The record as of now, in the clear."""
    rereading, diff_id = request.app[SERVICES].acts.records, int(request.match_info["id"])
    return await rereading.reveal(diff_id, actor=actor_of(request))


async def _note(request: web.Request, given: ClusterNote) -> ClusterCount:
    """The cluster with its note."""
    clusters = request.app[SERVICES].acts.clusters
    return await clusters.note(request.match_info["id"], given, actor=actor_of(request))
