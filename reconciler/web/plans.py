"""The order of the cutover as a page and as JSON, and a domain's timeline as JSON."""

from aiohttp import web

from reconciler.app.plan import Cutover
from reconciler.app.plan_documents import plan_document
from reconciler.app.timelines import timeline_document
from reconciler.core.cutover import Plan, StepState
from reconciler.web.asked import days_asked, domain_in_path
from reconciler.web.gathering import gather_timeline
from reconciler.web.pages import render
from reconciler.web.services import SERVICES
from reconciler.web.words import STEP, Family

USUAL_DAYS = 30


async def cutover(request: web.Request) -> web.Response:
    """Every step of the cutover and where it stands."""
    found = await _plan(request)
    title = f"({found.done} of {len(found.steps)} done) Cutover"
    return render(request, "cutover.html", title=title, family=family_of(found), here="cutover", plan=found)


async def plan(request: web.Request) -> web.Response:
    """The same as JSON."""
    found = await _plan(request)
    return web.json_response(plan_document(found, now=request.app[SERVICES].clock.now()))


def family_of(found: Plan) -> Family:
    """The colour of the whole: that of what comes first, of a plan without steps none."""
    if not found.steps:
        return Family.NODATA
    return STEP[found.upcoming[0].state if found.upcoming else StepState.DONE].family


async def timeline(request: web.Request) -> web.Response:
    """A domain's timeline as JSON; `?days=`, 30 unless told otherwise."""
    spec, days = domain_in_path(request), days_asked(request, usual=USUAL_DAYS)
    found = await gather_timeline(request, spec, days=days)
    return web.json_response(timeline_document(spec.name, found, days=days))


async def _plan(request: web.Request) -> Plan:
    services = request.app[SERVICES]
    asked = Cutover(
        phases=services.cutover,
        system=services.system,
        verdicts=services.verdicts,
        store=services.store,
        clock=services.clock,
    )
    return await asked.plan()
