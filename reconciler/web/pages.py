"""The pages for people: each handler reads, makes a view and renders it; nothing is decided here."""

from dataclasses import replace
from functools import partial
from urllib.parse import urlencode

import aiohttp_jinja2
from aiohttp import web

from reconciler.app.ports import DiffFilter, StoredDiff, StoredRun
from reconciler.app.rereading import Reread
from reconciler.core.gate import GateVerdict
from reconciler.core.gate_values import mirrored
from reconciler.core.model import DiffState, Mode
from reconciler.core.spec import EntitySpec
from reconciler.web.access import actor_of
from reconciler.web.alerts import alerts_of
from reconciler.web.asked import days_asked, domain_in_path, domain_in_query, one_of, whole_number
from reconciler.web.gathering import (
    gather_calendar,
    gather_domain,
    gather_health,
    gather_overview,
    gather_story,
    gather_timeline,
)
from reconciler.web.services import SERVICES
from reconciler.web.themes import chosen as theme_chosen
from reconciler.web.views.again import LookAgain, look_again
from reconciler.web.views.clusters import FACETS, cluster_page, clusters_page
from reconciler.web.views.clusters import tab_title as cluster_title
from reconciler.web.views.days import DAYS
from reconciler.web.views.decision import panel
from reconciler.web.views.diffs import diff_page, neighbours, page_of
from reconciler.web.views.diffs import tab_title as diff_title
from reconciler.web.views.domain import tab_title as domain_title
from reconciler.web.views.health import tab_title as health_title
from reconciler.web.views.overview import Order, sorted_by, worst_family
from reconciler.web.views.overview import tab_title as overview_title
from reconciler.web.views.run import comparable, run_page
from reconciler.web.views.run import tab_title as run_title
from reconciler.web.views.runs import run_row
from reconciler.web.views.timeline import timeline_view
from reconciler.web.views.trend import MOST as MOST_OF_A_TREND
from reconciler.web.words import Family

RUNS_A_PAGE = 50
DIFFS_A_PAGE = 50
SAMPLE_OF_A_RUN = 10
LOOKED_THROUGH = 60


def render(
    request: web.Request, template: str, *, title: str, family: Family, here: str, refresh: bool = False, **more: object
) -> web.Response:
    """A page; `here` is the entry of the navigation it belongs to, `family` the favicon, `refresh` without script.

    `every`, where it is given, is after how many ms the page is read again.
    """
    frame = {
        "title": title,
        "family": family,
        "here": here,
        "refresh": refresh,
        "actor": actor_of(request),
        "alerts": alerts_of(request),
        "now": request.app[SERVICES].clock.now(),
    }
    return aiohttp_jinja2.render_template(template, request, frame | theme_chosen(request) | more)


async def overview(request: web.Request) -> web.Response:
    """All domains; `?verdict=` narrows the matrix and `?sort=` orders it, never the banner above it."""
    chosen, order = one_of(request, "verdict", GateVerdict), one_of(request, "sort", Order) or Order.SEVERITY
    page, _ = await gather_overview(request)
    rows = sorted_by([row for row in page.rows if chosen is None or row.verdict is chosen], order)
    return render(
        request,
        "overview.html",
        title=overview_title(page),
        family=worst_family(page),
        here="overview",
        refresh=True,
        page=replace(page, rows=rows),
        total=len(page.rows),
        chosen=chosen,
        order=order,
        scheduler=request.app[SERVICES].scheduled is not None,
        wall=request.query.get("wall") == "1",
    )


async def domain(request: web.Request) -> web.Response:
    """A domain's gate; `?days=` is how far back its timeline goes."""
    spec, days = domain_in_path(request), days_asked(request, usual=DAYS)
    page, _ = await gather_domain(request, spec)
    past = timeline_view(await gather_timeline(request, spec, days=days), page.gate.soak, days=days)
    shown = partial(render, request, "domain.html", title=domain_title(page), family=page.word.family, here="overview")
    return shown(page=page, past=past, panel=panel(page.facts, page.gate, actor_of(request)))


async def runs(request: web.Request) -> web.Response:
    """The list of runs, newest first; `?domain=`, `?mode=` and `?before=` narrow it, a domain has a calendar."""
    services, name = request.app[SERVICES], domain_in_query(request)
    mode, before = one_of(request, "mode", Mode), whole_number(request, "before", least=1)
    found = await services.store.runs(domain=name, mode=mode, before=before, limit=RUNS_A_PAGE + 1)
    rows = [run_row(run) for run in found[:RUNS_A_PAGE]]
    older = found[RUNS_A_PAGE - 1].id if len(found) > RUNS_A_PAGE else None
    family = rows[0].part.word.family if rows else Family.NODATA
    shown = partial(render, request, "runs.html", title=f"({len(rows)} listed) Runs", family=family, here="runs")
    narrowed = {key: value for key, value in (("domain", name), ("mode", mode)) if value}
    return shown(
        rows=rows,
        older=older,
        domain=name,
        mode=mode,
        before=before,
        narrowed=urlencode(narrowed),
        calendar=await gather_calendar(request, name) if name and not before else None,
        domains=[one.name for one in services.system.comparable],
    )


async def run(request: web.Request) -> web.Response:
    """One run with what it found; while it is under way, how far it is."""
    services, run_id = request.app[SERVICES], int(request.match_info["id"])
    stored = await services.store.run(run_id)
    sample, more = await page_of(services.store, DiffFilter(run=run_id), SAMPLE_OF_A_RUN)
    page = run_page(
        stored,
        await services.store.clusters(run=run_id),
        sample,
        now=services.clock.now(),
        earlier=await _like(request, stored),
        environment=await services.store.environment(run_id),
        course=services.acts.runs.course(run_id),
    )
    shown = partial(render, request, "run.html", title=run_title(page), family=page.whole.word.family, here="runs")
    return shown(page=page, more=more is not None, every=2000 if page.course else None)


async def _like(request: web.Request, run: StoredRun) -> tuple[StoredRun, ...]:
    """The newest runs before it that it can be held against; none of named keys, which are never the same."""
    if run.mode is Mode.KEYS:
        return ()
    find = request.app[SERVICES].store.runs
    others = await find(domain=run.domains[0].domain, mode=run.mode, before=run.id, limit=LOOKED_THROUGH)
    return comparable(run, others)[:MOST_OF_A_TREND]


async def diffs(request: web.Request) -> web.Response:
    """Diffs by id; `?run=`, `?domain=`, `?state=`, `?cluster=` and `?after=` narrow them."""
    wanted = wanted_diffs(request)
    found, after = await page_of(request.app[SERVICES].store, wanted, DIFFS_A_PAGE)
    family = Family.DIFFS if found else Family.NODATA
    title = f"({len(found)}{'+' if after else ''}) Diffs"
    return render(
        request, "diffs.html", title=title, family=family, here="clusters", found=found, after=after, wanted=wanted
    )


def wanted_diffs(request: web.Request) -> DiffFilter:
    """The filter that a query describes."""
    state = one_of(request, "state", DiffState)
    return DiffFilter(
        run=whole_number(request, "run", least=1),
        domain=domain_in_query(request),
        states=(state,) if state else (),
        cluster=request.query.get("cluster") or None,
        after=whole_number(request, "after", least=0) or 0,
    )


async def diff(request: web.Request) -> web.Response:
    """One diff, field by field."""
    stored = await request.app[SERVICES].store.diff(int(request.match_info["id"]))
    return await _diff(request, stored, None)


async def diff_page_with(request: web.Request, seen: Reread) -> web.Response:
    """The page of a diff with what was read of its record just now."""
    return await _diff(request, seen.diff, look_again(seen))


async def _diff(request: web.Request, stored: StoredDiff, again: LookAgain | None) -> web.Response:
    """The page of a diff."""
    beside = await neighbours(request.app[SERVICES].store, stored, request.query.get("cluster"))
    page = diff_page(stored, beside, entity_named(request, stored.domain, stored.entity))
    threat = await _threat(request, stored.domain)
    shown = partial(render, request, "diff.html", title=diff_title(page), family=page.word.family, here="clusters")
    return shown(page=page, again=again, threat=threat)


async def _threat(request: web.Request, domain: str) -> str:
    """What a difference of the domain means after its flip; nothing of a domain that is no longer configured."""
    services = request.app[SERVICES]
    if domain not in {one.name for one in services.system.domains}:
        return ""
    facts = await services.verdicts.facts(domain)
    return mirrored(facts.data.spec, facts.flag.reads if facts.flag else None)


def entity_named(request: web.Request, domain: str, entity: str) -> EntitySpec | None:
    """The entity of a domain, None where it is no longer configured."""
    configured = (one for one in request.app[SERVICES].system.domains if one.name == domain)
    return next((one for found in configured for one in found.entities if one.name == entity), None)


async def clusters(request: web.Request) -> web.Response:
    """The causes behind all open diffs; facets narrow the list, `?by=field` puts it together by field."""
    domain_in_query(request)
    found = await request.app[SERVICES].store.clusters()
    chosen = {name: given for name in FACETS if (given := request.query.get(name, ""))}
    start, by_field = whole_number(request, "from", least=0) or 0, request.query.get("by") == "field"
    page = clusters_page(found, chosen, by_field=by_field, start=start)
    title, family = f"({page.found} open) Clusters", Family.DIFFS if found else Family.NODATA
    return render(request, "clusters.html", title=title, family=family, here="clusters", page=page)


async def cluster(request: web.Request) -> web.Response:
    """One cause: what is likely behind it, when it began, what to do, and the records it shows in."""
    store, name = request.app[SERVICES].store, request.match_info["id"]
    story = await gather_story(request, name)
    wanted = DiffFilter(cluster=name, after=whole_number(request, "after", least=0) or 0)
    listed, after = await page_of(store, wanted, DIFFS_A_PAGE)
    family = Family.DIFFS if story.cluster.open else Family.NODATA
    shown = partial(render, request, "cluster.html", title=cluster_title(story.cluster), family=family, here="clusters")
    page = cluster_page(story, entity_named(request, story.cluster.domain, story.cluster.entity))
    return shown(page=page, listed=listed, after=after)


async def health(request: web.Request) -> web.Response:
    """Both stores, the report database, this process, flags, and every setting with where it came from."""
    page, notices = await gather_health(request), request.app[SERVICES].notices
    channels = await notices.states() if notices else ()
    shown = partial(render, request, "health.html", title=health_title(page), family=page.worst, here="health")
    return shown(page=page, channels=channels)
