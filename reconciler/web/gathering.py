"""Reads what a page or an API answer is made of: the same for both, so that they never tell different things."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from aiohttp import web

from reconciler.app.cluster_stories import ClusterStories, ClusterStory
from reconciler.app.ports import AuditFilter, StoredRun
from reconciler.app.timelines import Timelines
from reconciler.core.audit import AuditEntry
from reconciler.core.gate import Gate
from reconciler.core.history import DomainHistory
from reconciler.core.model import RunStatus
from reconciler.core.pauses import Pause, held
from reconciler.core.spec import DomainSpec
from reconciler.core.timeline import Timeline
from reconciler.web.events import PULSE
from reconciler.web.services import SERVICES, ScheduledRun
from reconciler.web.shown import SHOWN
from reconciler.web.views.calendar import Calendar, calendar, first_monday
from reconciler.web.views.days import Judgements, first_day
from reconciler.web.views.domain import DomainPage, domain_page
from reconciler.web.views.health import HealthPage, Known, health_page
from reconciler.web.views.lately import ACTIONS, lately
from reconciler.web.views.needs import needs
from reconciler.web.views.overview import Overview, overview
from reconciler.web.views.schedule import BACK, Planned, SchedulePage, schedule_page

JUDGEMENTS = web.AppKey("judgements", Judgements)
LAST_RUNS = 10
LAST_VERSIONS = 10
LAST_ACTS = 300
NOTHING = DomainHistory(runs=(), open_confirmed=0, open_unconfirmed=0, last_diff_at=None, decisions=(), rehearsals=())


async def gather_overview(request: web.Request) -> tuple[Overview, Sequence[Gate]]:
    """The overview, and the gates it rests on."""
    services = request.app[SERVICES]
    gates = await services.verdicts.gates()
    histories = {domain.name: await recent_history(request, domain) for domain in services.system.domains}
    clusters = await services.store.clusters()
    now = services.clock.now()
    page = overview(
        services.system,
        gates,
        histories,
        now=now,
        judgements=request.app[JUDGEMENTS],
        scheduled=await scheduled_runs(request),
        running=[run for run in await services.store.runs(limit=LAST_RUNS) if run.status is RunStatus.RUNNING],
        waiting=needs(gates, histories, clusters, now=now),
    )
    acts = await _acts_lately(request)
    happened = lately(histories, acts, now=now, judgements=request.app[JUDGEMENTS])
    return replace(page, lately=happened), gates


async def _acts_lately(request: web.Request) -> Sequence[AuditEntry]:
    """The newest acts that concern a verdict: looked for among the last ones, however long the log is."""
    newest = await request.app[SERVICES].store.audit(AuditFilter(newest_first=True, limit=LAST_ACTS))
    return [entry for entry in newest if entry.act.action in ACTIONS]


async def gather_domain(request: web.Request, domain: DomainSpec) -> tuple[DomainPage, Sequence[StoredRun]]:
    """A domain's page, and the newest runs on it."""
    services = request.app[SERVICES]
    facts = await services.verdicts.facts(domain.name)
    recent = await recent_history(request, domain)
    runs = await services.store.runs(domain=domain.name, limit=LAST_RUNS)
    page = domain_page(
        facts,
        recent=recent.runs,
        runs=runs,
        clusters=await services.store.clusters(domain=domain.name),
        paths=await services.store.schema_paths(domain.name),
        versions=await services.store.config_versions(domain.name, limit=LAST_VERSIONS),
        sections=services.plan_sections.get(domain.name, {}),
        judgements=request.app[JUDGEMENTS],
    )
    request.app[SHOWN].note(page.gate)
    group = await services.verdicts.group(domain.flip_group) if domain.flip_group else None
    return replace(page, group=group), runs


async def gather_story(request: web.Request, cluster_id: str) -> ClusterStory:
    """A cluster with all that can be told of it."""
    services = request.app[SERVICES]
    return await ClusterStories(system=services.system, store=services.store, clock=services.clock).tell(cluster_id)


async def gather_timeline(request: web.Request, domain: DomainSpec, *, days: int) -> Timeline:
    """A domain over its last days."""
    services = request.app[SERVICES]
    timelines = Timelines(store=services.store, judge=request.app[JUDGEMENTS].of)
    return await timelines.of(domain, until=services.clock.now(), days=days)


async def recent_history(request: web.Request, domain: DomainSpec) -> DomainHistory:
    """What is stored of a domain since the first day of the strip; nothing where it cannot be compared."""
    if not domain.comparable:
        return NOTHING
    services = request.app[SERVICES]
    return await services.store.history(domain, since=first_day(services.clock.now()))


async def scheduled_runs(request: web.Request) -> Sequence[ScheduledRun]:
    """What this process will start by itself, what is paused without a next time; nothing where it starts no runs."""
    scheduled = request.app[SERVICES].scheduled
    return await _unless_paused(request, scheduled()) if scheduled else ()


async def gather_schedule(request: web.Request) -> SchedulePage:
    """The schedule, as this process keeps it or as the configuration expects it of others."""
    services = request.app[SERVICES]
    now = services.clock.now()
    jobs = services.scheduled() if services.scheduled else services.expected()
    names = {job.domain for job in jobs}
    domains = [one for one in services.system.domains if one.name in names]
    planned = Planned(
        jobs=await _unless_paused(request, jobs),
        histories={one.name: await recent_history(request, one) for one in domains},
        pauses=await services.store.pauses(since=now - BACK),
        firings=lambda cron, since, until: services.firings(cron, _minute(since), _minute(until)),
        now=now,
    )
    return schedule_page(planned, active=services.scheduled is not None)


async def gather_health(request: web.Request) -> HealthPage:
    """What is known of stores, report database and process; only the report database is waited for."""
    services = request.app[SERVICES]
    insight = services.insight
    known = Known(
        looks=await insight.stores() or (),
        upkeep=await services.store.upkeep(),
        checked=await insight.soundness(),
        gates=await services.verdicts.gates(),
        system=services.system,
        about=insight.about,
        starts_runs=services.scheduled is not None,
        listeners=request.app[PULSE].listeners,
    )
    return health_page(known)


async def gather_calendar(request: web.Request, domain: str) -> Calendar:
    """The last weeks of a domain, day by day."""
    services = request.app[SERVICES]
    now = services.clock.now()
    runs = await services.store.runs_since(domain, first_monday(now))
    return calendar(runs, now=now, judgements=request.app[JUDGEMENTS])


async def pauses_now(request: web.Request) -> Sequence[Pause]:
    """The pauses that hold now or later."""
    services = request.app[SERVICES]
    return await services.store.pauses(since=services.clock.now())


async def _unless_paused(request: web.Request, jobs: Sequence[ScheduledRun]) -> Sequence[ScheduledRun]:
    """The jobs; those that are paused have no next time."""
    now, pauses = request.app[SERVICES].clock.now(), await pauses_now(request)
    return [
        replace(job, next_at=None) if held(pauses, domain=job.domain, mode=job.mode, at=now) else job for job in jobs
    ]


def _minute(at: datetime) -> datetime:
    """The minute that a time is in, so that what is asked within it is computed once."""
    return at.replace(second=0, microsecond=0)
