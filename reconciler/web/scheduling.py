"""The schedule over HTTP: the page, the JSON, and pausing jobs or letting them go on, from forms and for machines."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from aiohttp import web

from reconciler.app.documents import Document, instant
from reconciler.app.waivers import end_of
from reconciler.core.model import Mode
from reconciler.core.pauses import Pause, held
from reconciler.web.access import actor_of
from reconciler.web.asked import form_of, see, word_of
from reconciler.web.bodies import PauseBody, ResumeBody, body_of
from reconciler.web.gathering import gather_schedule, pauses_now, scheduled_runs
from reconciler.web.pages import render
from reconciler.web.services import SERVICES
from reconciler.web.views.outside import outside
from reconciler.web.words import Family

MINUTE = len("2026-12-01T06:00")


async def page(request: web.Request) -> web.Response:
    """What runs by itself, and when next; what was missed, and what is paused."""
    shown = await gather_schedule(request)
    crons = [group.cron for group in shown.groups if group.mode is Mode.SCAN]
    late, paused, jobs = len(shown.late), len(shown.pauses), sum(len(one.rows) for one in shown.groups)
    count = f"{late} late" if late else f"{paused} paused" if paused else f"{jobs} jobs"
    return render(
        request,
        "schedule.html",
        title=f"({count}) Schedule",
        family=Family.INCONCLUSIVE if late else Family.NODATA,
        here="schedule",
        page=shown,
        outside=outside(crons[0] if crons else ""),
    )


async def schedule(request: web.Request) -> web.Response:
    """What this process starts by itself, and what is paused; the next start is null while a job is paused."""
    now, pauses = request.app[SERVICES].clock.now(), await pauses_now(request)
    planned = [
        {
            "domain": one.domain,
            "mode": one.mode.value,
            "cron": one.cron,
            "next_at": instant(one.next_at),
            "paused": _pause_document(held(pauses, domain=one.domain, mode=one.mode, at=now)),
        }
        for one in await scheduled_runs(request)
    ]
    return web.json_response({"schedule": planned})


async def pause(request: web.Request) -> web.Response:
    """Pauses jobs until a time; all of them where no domain is named."""
    body = await body_of(request, PauseBody)
    return _jobs(await _pause(request, body.domains, body.mode, reason=body.reason, until=end_of(body.until)))


async def resume(request: web.Request) -> web.Response:
    """Lets paused jobs go on before their pause is over."""
    body = await body_of(request, ResumeBody)
    return _jobs(await _resume(request, body.domains, body.mode, reason=body.reason))


async def pause_form(request: web.Request) -> web.Response:
    """The form that pauses jobs; its time is UTC."""
    fields = await form_of(request)
    await _pause(request, *_named(fields), reason=fields.get("reason", ""), until=_until(fields.get("until", "")))
    return see("/schedule#pauses")


async def resume_form(request: web.Request) -> web.Response:
    """The form that lets a job go on."""
    fields = await form_of(request)
    await _resume(request, *_named(fields), reason=fields.get("reason", ""))
    return see("/schedule")


def _named(fields: Mapping[str, str]) -> tuple[list[str], Mode | None]:
    """Which domains and which mode a form is about; none means all."""
    domain, mode = fields.get("domain", ""), fields.get("mode", "")
    return [domain] if domain else [], word_of("mode", mode, Mode) if mode else None


def _until(text: str) -> datetime:
    """The time of a form, which has no zone of its own: UTC."""
    return end_of(f"{text}:00+00:00" if len(text) == MINUTE else text)


async def _pause(
    request: web.Request, domains: Sequence[str], mode: Mode | None, *, reason: str, until: datetime
) -> Sequence[tuple[str, Mode]]:
    pausing = request.app[SERVICES].acts.pausing
    return await pausing.pause(domains, mode=mode, reason=reason, until=until, actor=actor_of(request))


async def _resume(
    request: web.Request, domains: Sequence[str], mode: Mode | None, *, reason: str
) -> Sequence[tuple[str, Mode]]:
    pausing = request.app[SERVICES].acts.pausing
    return await pausing.resume(domains, mode=mode, reason=reason, actor=actor_of(request))


def _jobs(jobs: Sequence[tuple[str, Mode]]) -> web.Response:
    """The jobs that an act was about."""
    return web.json_response({"jobs": [{"domain": domain, "mode": mode.value} for domain, mode in jobs]})


def _pause_document(pause: Pause | None) -> Document | None:
    """A pause as JSON."""
    if pause is None:
        return None
    return {"reason": pause.reason, "by": pause.actor, "at": instant(pause.at), "until": instant(pause.until)}
