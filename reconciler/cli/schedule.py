"""The command `schedule`: what `serve` would start and when next, and pausing it for a while."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click
from cron_descriptor import get_description

from reconciler.app.documents import Document, instant
from reconciler.app.waivers import end_of
from reconciler.cli.acting import acting
from reconciler.cli.context import configuration, formats, print_json, print_jsonl, run_async
from reconciler.cli.suggesting import Group, Word, domain_names
from reconciler.cli.terminal import say, table
from reconciler.cli.texts import when
from reconciler.core.access import Right
from reconciler.core.model import Mode
from reconciler.core.pauses import Pause, held
from reconciler.core.wording import counted
from reconciler.scheduler import Job, jobs
from reconciler.wiring import open_reports

MODES = Word([Mode.SCAN.value, Mode.SAMPLE.value])


@click.group(name="schedule", cls=Group)
def schedule_command() -> None:
    """What runs by itself while `reconciler serve` is up."""


@schedule_command.command(name="list", epilog="Example: reconciler schedule list")
@formats("text", "json", "jsonl")
def list_schedule(form: str) -> int:
    """Every scheduled run with its next time, soonest first, and what is paused."""
    now = datetime.now(UTC)
    pauses = run_async(_pauses(now))
    planned = sorted(jobs(configuration().system), key=lambda job: (job.next_after(now) or now, job.domain))
    if form == "text":
        head = ("DOMAIN", "MODE", "CRON", "IN WORDS (UTC)", "NEXT")
        rows = [(job.domain, job.mode.value, job.cron, _words(job), _next(job, pauses, now)) for job in planned]
        say(table([head, *rows]) if rows else "Nothing is scheduled.")
        return 0
    documents = [_document(job, pauses, now) for job in planned]
    if form == "json":
        print_json(documents)
    else:
        print_jsonl(documents)
    return 0


@schedule_command.command(name="next", epilog="Example: reconciler schedule next --format json")
@formats("text", "json")
def next_run(form: str) -> int:
    """The scheduled run that comes next; what is paused is left out."""
    now = datetime.now(UTC)
    pauses = run_async(_pauses(now))
    going = [job for job in jobs(configuration().system) if _held(job, pauses, now) is None]
    coming = [(due, job) for job in going if (due := job.next_after(now))]
    if not coming:
        click.echo("Nothing is scheduled." if form == "text" else "null")
        return 0
    due, job = min(coming, key=lambda pair: (pair[0], pair[1].mode is Mode.SAMPLE, pair[1].domain))
    if form == "json":
        print_json({"domain": job.domain, "mode": job.mode.value, "next_at": instant(due)})
    else:
        click.echo(f"{job.mode.value} of {job.domain} at {when(due)}")
    return 0


@schedule_command.command(name="pause")
@click.argument("domains", nargs=-1, metavar="[DOMAIN]…", shell_complete=domain_names)
@click.option("--mode", type=MODES, default=None, help="Scans or samples only.")
@click.option("--until", required=True, metavar="DATE", help="The last day (UTC), or a time with its zone.")
@click.option("--reason", required=True, help="Why; it is shown, and kept in the audit log.")
def pause_command(domains: tuple[str, ...], mode: str | None, until: str, reason: str) -> int:
    """Start no scheduled runs of DOMAINs, of every domain where none is named, until a time.

    Nothing stays green by it: a gate holds as soon as its newest scan is too old.

    \b
    Example:
      reconciler schedule pause payment --mode scan --until 2026-12-01 --reason "PostgreSQL is being upgraded"
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    end = end_of(until)
    paused = run_async(_pause(domains, mode, end, reason))
    click.echo(f"{counted(len(paused), 'job')} paused until {when(end)}. Next: reconciler schedule list")
    return 0


@schedule_command.command(name="resume")
@click.argument("domains", nargs=-1, metavar="[DOMAIN]…", shell_complete=domain_names)
@click.option("--mode", type=MODES, default=None, help="Scans or samples only.")
@click.option("--reason", required=True, help="Why; it is kept in the audit log.")
def resume_command(domains: tuple[str, ...], mode: str | None, reason: str) -> int:
    """Let paused runs of DOMAINs, of every domain where none is named, go on now.

    \b
    Example:
      reconciler schedule resume payment --reason "the upgrade is done"
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    resumed = run_async(_resume(domains, mode, reason))
    click.echo(f"{counted(len(resumed), 'job')} resumed. Next: reconciler schedule next")
    return 0


async def _pauses(now: datetime) -> Sequence[Pause]:
    """What is paused."""
    async with open_reports(configuration()) as reports:
        return await reports.store.pauses(since=now)


async def _pause(domains: Sequence[str], mode: str | None, until: datetime, reason: str) -> Sequence[tuple[str, Mode]]:
    """The jobs that are paused now."""
    async with open_reports(configuration()) as reports:
        who, kind = await acting(reports, Right.OPERATE), Mode(mode) if mode else None
        return await reports.pausing.pause(domains, mode=kind, reason=reason, until=until, actor=who)


async def _resume(domains: Sequence[str], mode: str | None, reason: str) -> Sequence[tuple[str, Mode]]:
    """The jobs that go on now."""
    async with open_reports(configuration()) as reports:
        who, kind = await acting(reports, Right.OPERATE), Mode(mode) if mode else None
        return await reports.pausing.resume(domains, mode=kind, reason=reason, actor=who)


def _document(job: Job, pauses: Sequence[Pause], now: datetime) -> Document:
    """A job as JSON; its next time is null while it is paused."""
    pause = _held(job, pauses, now)
    return {
        "domain": job.domain,
        "mode": job.mode.value,
        "cron": job.cron,
        "words": _words(job),
        "next_at": instant(None if pause else job.next_after(now)),
        "paused_until": instant(pause.over_at if pause else None),
        "paused_by": pause.actor if pause else None,
        "paused_because": pause.reason if pause else None,
    }


def _next(job: Job, pauses: Sequence[Pause], now: datetime) -> str:
    """When a job is due, or who paused it."""
    pause = _held(job, pauses, now)
    return when(job.next_after(now)) if pause is None else f"paused until {when(pause.over_at)} by {pause.actor}"


def _held(job: Job, pauses: Sequence[Pause], now: datetime) -> Pause | None:
    """The pause that keeps a job from being started."""
    return held(pauses, domain=job.domain, mode=job.mode, at=now)


def _words(job: Job) -> str:
    """A cron expression in words."""
    return str(get_description(job.cron))
