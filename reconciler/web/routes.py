"""Makes the application: which address leads to which page or answer, and what surrounds them all."""

from pathlib import Path
from typing import Final

import aiohttp_jinja2
from aiohttp import web
from jinja2 import FileSystemLoader, StrictUndefined

from reconciler.core.wording import counted, moment, number, span
from reconciler.web import (
    api,
    appearance,
    approvals,
    audit,
    badges,
    deciding,
    exports,
    feed,
    groups,
    login,
    looking,
    metrics,
    oidc_login,
    pages,
    plans,
    reading,
    running,
    scheduling,
    words,
)
from reconciler.web.access import LOGIN, LOGOUT, admit
from reconciler.web.alerts import look_for_alerts
from reconciler.web.events import PULSE, Pulse, end_streams, events
from reconciler.web.gathering import JUDGEMENTS
from reconciler.web.limits import LIMITS, Limits, paced
from reconciler.web.openapi import document
from reconciler.web.own_pages import own_page
from reconciler.web.problems import tell_problems
from reconciler.web.protection import known_host, protect
from reconciler.web.services import SERVICES, WebServices
from reconciler.web.shown import SHOWN, ShownGates
from reconciler.web.views.days import Judgements

HERE: Final = Path(__file__).parent
ID: Final = r"{id:[0-9]{1,18}}"
DOMAIN: Final = "{domain:[a-z][a-z0-9_]{0,62}}"
GROUP: Final = "{group:[a-z][a-z0-9_]{0,62}}"
DIGEST: Final = "{digest:sha256:[0-9a-f]{64}}"
CLUSTER: Final = "{id:K-[0-9]{1,18}}"
LARGEST_REQUEST: Final = 64 * 1024
FILTERS: Final = {
    "ago": reading.ago,
    "brief": reading.brief,
    "clock": reading.clock_time,
    "cron_words": reading.cron_words,
    "iso": reading.iso,
    "moment": moment,
    "number": number,
    "percent": reading.percent,
    "pieces": reading.pieces,
    "share": reading.share,
    "short": reading.short,
    "span": span,
}
GLOBALS: Final = {
    "cluster_kind": words.cluster_kind,
    "counted": counted,
    "gate_words": words.GATE,
    "outcome_words": words.OUTCOME,
    "source_name": words.SOURCE_NAME,
    "state_words": words.STATE,
    "step_words": words.STEP,
    "band_words": words.BAND,
    "target_name": words.TARGET_NAME,
}


def create_app(services: WebServices) -> web.Application:
    """The application over these services; whoever runs it opens and closes them."""
    app = web.Application(
        middlewares=[tell_problems, known_host, paced, admit, own_page, look_for_alerts],
        client_max_size=LARGEST_REQUEST,
    )
    app[SERVICES] = services
    app[LIMITS] = Limits.by(services.clock)
    app[oidc_login.JOURNEYS] = oidc_login.Journeys(services.clock)
    app[JUDGEMENTS] = Judgements()
    app[SHOWN] = ShownGates()
    app[PULSE] = Pulse(services.store)
    app.on_shutdown.append(end_streams)
    app.on_response_prepare.append(protect)
    environment = aiohttp_jinja2.setup(
        app,
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(GLOBALS)
    environment.globals["site"] = {
        "title": services.title,
        "version": services.version,
        "announcement": services.announcement,
    }
    app.add_routes([*_pages(), *_by_suffix(), *_answers(), *_acts(), *_probes()])
    app.router.add_static("/static/", HERE / "static")
    return app


def _pages() -> list[web.RouteDef]:
    """Pages for people."""
    return [
        web.get("/", pages.overview),
        web.get(f"/domains/{DOMAIN}", pages.domain),
        web.get("/runs", pages.runs),
        web.get(f"/runs/{ID}", pages.run),
        web.get("/diffs", pages.diffs),
        web.get(f"/diffs/{ID}", pages.diff),
        web.get("/clusters", pages.clusters),
        web.get(f"/clusters/{CLUSTER}", pages.cluster),
        web.get("/cutover", plans.cutover),
        web.get("/approvals", approvals.page),
        web.get(f"/approvals/{ID}", approvals.record),
        web.get("/audit", audit.page),
        web.get("/audit.csv", audit.as_csv),
        web.get("/audit.jsonl", audit.as_jsonl),
        web.get("/schedule", scheduling.page),
        web.get("/health", pages.health),
        web.get("/events", events),
        web.get(f"/domains/{DOMAIN}/record", exports.record_page),
        web.get(LOGIN, login.form),
        web.post(LOGIN, login.enter),
        web.post(LOGOUT, login.leave),
        web.get(oidc_login.ISSUER, oidc_login.leave),
        web.get(oidc_login.CALLBACK, oidc_login.arrive),
    ]


def _by_suffix() -> list[web.RouteDef]:
    """The pages under their names with a suffix: for programs, spreadsheets and tickets."""
    return [
        web.get("/overview.json", api.overview),
        web.get(f"/domains/{DOMAIN}.json", api.domain),
        web.get(f"/domains/{DOMAIN}.md", exports.domain_text),
        web.get(f"/domains/{DOMAIN}/record.{{form:json|md|html}}", exports.record_file),
        web.get("/runs.json", api.runs),
        web.get("/runs.csv", exports.runs_csv),
        web.get(f"/runs/{ID}.json", api.run),
        web.get(f"/runs/{ID}.md", exports.run_text),
        web.get("/diffs.json", api.diffs),
        web.get("/diffs.csv", exports.diffs_csv),
        web.get(f"/diffs/{ID}.json", api.diff),
        web.get("/clusters.json", api.clusters),
        web.get("/clusters.csv", exports.clusters_csv),
        web.get(f"/clusters/{CLUSTER}.json", api.cluster),
        web.get(f"/clusters/{CLUSTER}/keys.{{form:txt|csv}}", exports.cluster_keys),
        web.get("/schedule.json", scheduling.schedule),
        web.get("/cutover.json", plans.plan),
    ]


def _answers() -> list[web.RouteDef]:
    """JSON for machines."""
    return [
        web.get("/openapi.json", document.openapi),
        web.get("/api/v1/overview", api.overview),
        web.get("/api/v1/domains", api.domains),
        web.get(f"/api/v1/domains/{DOMAIN}", api.domain),
        web.get(f"/api/v1/domains/{DOMAIN}/gate", api.gate),
        web.get(f"/api/v1/domains/{DOMAIN}/timeline", plans.timeline),
        web.get(f"/api/v1/domains/{DOMAIN}/gate/assert", api.gate_assert),
        web.get(f"/api/v1/groups/{GROUP}/gate", groups.group_gate),
        web.get(f"/api/v1/groups/{GROUP}/gate/assert", groups.group_assert),
        web.get("/api/v1/keys", api.keys),
        web.get("/api/v1/runs", api.runs),
        web.get("/api/v1/runs/compare", exports.compare),
        web.get(f"/api/v1/runs/{ID}", api.run),
        web.get(f"/api/v1/runs/{ID}/report.{{form:json|xml|md|html}}", exports.run_report),
        web.get("/api/v1/diffs", api.diffs),
        web.get(f"/api/v1/diffs/{ID}", api.diff),
        web.get("/api/v1/clusters", api.clusters),
        web.get(f"/api/v1/clusters/{CLUSTER}", api.cluster),
        web.get("/api/v1/plan", plans.plan),
        web.get("/api/v1/schedule", scheduling.schedule),
        web.get("/api/v1/approvals", approvals.listed),
        web.get(f"/api/v1/approvals/{ID}", approvals.one),
        web.get(f"/api/v1/domains/{DOMAIN}/waivers", approvals.waivers),
        web.get("/api/v1/audit", audit.entries),
        web.get("/api/v1/audit/verify", audit.verify),
        web.get(f"/api/v1/evidence/{DIGEST}", audit.evidence),
    ]


def _acts() -> list[web.RouteDef]:
    """What changes something: the same acts as JSON and as forms."""
    page, api_path = f"/domains/{DOMAIN}", f"/api/v1/domains/{DOMAIN}"
    return [
        web.post(f"{page}/approvals", deciding.decide_form),
        web.post(f"{page}/waivers", deciding.waive_form),
        web.post(f"{page}/waivers/{ID}/confirm", deciding.confirm_form),
        web.post(f"{page}/waivers/{ID}/end", deciding.end_form),
        web.post(f"{page}/flips", deciding.flip_form),
        web.post(f"{page}/configuration", deciding.accept_form),
        web.post(f"{api_path}/approvals", deciding.decide),
        web.post(f"{api_path}/waivers", deciding.waive),
        web.post(f"{api_path}/waivers/{ID}/confirm", deciding.confirm),
        web.post(f"{api_path}/waivers/{ID}/end", deciding.end),
        web.post(f"{api_path}/flips", deciding.flip),
        web.post(f"{api_path}/configuration", deciding.accept),
        web.post("/appearance", appearance.choose),
        web.post("/runs", running.start_form),
        web.post(f"/runs/{ID}/cancel", running.cancel_form),
        web.post("/schedule/pause", scheduling.pause_form),
        web.post("/schedule/resume", scheduling.resume_form),
        web.post("/api/v1/schedule/pause", scheduling.pause),
        web.post("/api/v1/schedule/resume", scheduling.resume),
        web.post(f"/diffs/{ID}/reread", looking.reread_form),
        web.post(f"/diffs/{ID}/reveal", looking.reveal_form),
        web.post(f"/clusters/{CLUSTER}", looking.note_form),
        web.post("/api/v1/runs", running.start),
        web.post(f"/api/v1/runs/{ID}/cancel", running.cancel),
        web.post("/api/v1/shadow-reads", running.shadow_reads),
        web.post(f"/api/v1/diffs/{ID}/reread", looking.reread),
        web.post(f"/api/v1/diffs/{ID}/reveal", looking.reveal),
        web.patch(f"/api/v1/clusters/{CLUSTER}", looking.note),
    ]


def _probes() -> list[web.RouteDef]:
    """For supervisors and health checkers."""
    return [
        web.get("/livez", api.livez),
        web.get("/readyz", api.readyz),
        web.get("/api/health", api.health),
        web.get("/metrics", metrics.metrics),
        web.get("/badge.svg", badges.overall_badge),
        web.get(f"/badge/{DOMAIN}.svg", badges.domain_badge),
        web.get("/feed.atom", feed.feed),
    ]
