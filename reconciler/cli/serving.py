"""The command that stays: `serve`, with the dashboard, the API and scheduled runs."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import click
from aiohttp import web

from reconciler import __version__
from reconciler.adapters.config_files import Configuration
from reconciler.app.launching import Launcher
from reconciler.app.looks import RunRequest
from reconciler.cli.context import actor, configuration, run_async
from reconciler.cli.entrances import answered_names, entrance_of, opened
from reconciler.cli.insight import insight
from reconciler.core.model import Mode
from reconciler.core.pauses import held
from reconciler.core.spec import DomainSpec
from reconciler.core.wording import counted, moment
from reconciler.errors import ReconcilerError
from reconciler.scheduler import Paused, Scheduler, Start, firings, jobs
from reconciler.web.routes import create_app
from reconciler.web.services import Acts, Insight, ScheduledRun, WebServices
from reconciler.wiring import Reports, launcher, notice_board, notifying, open_reports, open_signer, rereading

SHUTDOWN_SECONDS = 3.0


class CannotListen(ReconcilerError):
    """The port is taken, or may not be used."""


@click.command(name="serve", epilog="Example: reconciler serve --port 9000 --no-scheduler")
@click.option(
    "--host",
    default=None,
    help="Address to listen on; any but this machine's own needs [access].  [default: 127.0.0.1]",
)
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Port; 0 takes a free one.  [default: 8080]")
@click.option("--no-scheduler", is_flag=True, help="Serve only; runs are started by something else.")
def serve_command(host: str | None, port: int | None, no_scheduler: bool) -> int:  # noqa: FBT001 - click passes options by name
    """Serve the dashboard and the API, and start scheduled runs, until it is told to stop."""
    config = configuration(server__host=host, server__port=port)
    run_async(_serve(config, scheduled=not no_scheduler), next_step=lambda: "`reconciler serve` starts it again")
    return 0


async def _serve(config: Configuration, *, scheduled: bool) -> None:
    """Serves until cancelled."""
    async with open_reports(config) as reports, serving(reports, scheduled=scheduled) as address:
        click.echo(f"serving {address}")
        sys.stdout.flush()
        await asyncio.Event().wait()


def require_free(port: int, host: str = "127.0.0.1") -> None:
    """Refuses a port that is taken, before work is done for nothing; CannotListen."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise cannot_listen(host, port, problem) from None


def cannot_listen(host: str, port: int, problem: OSError) -> CannotListen:
    """The error of a port that can't be had."""
    return CannotListen(
        f"port {port} on {host}",
        expected="a free port",
        got=problem.strerror or "an error",
        next_step="choose another with --port, or --port 0 for any",
    )


@asynccontextmanager
async def serving(reports: Reports, *, scheduled: bool) -> AsyncIterator[str]:
    """The site on its port, with scheduled runs beside it; yields its address."""
    server = reports.configuration.settings.server
    running = launcher(reports, _say)
    await reports.note_configuration()
    async with AsyncExitStack() as stack:
        known = await stack.enter_async_context(insight(reports))
        services = _services(reports, running, known, scheduled=scheduled)
        stack.push_async_callback(running.close)
        if scheduled:
            start, paused = _starter(reports, running), _paused(reports)
            scheduler = Scheduler(reports.configuration.system, start=start, say=_say, paused=paused)
            await stack.enter_async_context(scheduler.running())
        await _look(reports)
        await stack.enter_async_context(_watching(reports))
        await stack.enter_async_context(_telling(reports, scheduled=scheduled))
        runner = web.AppRunner(create_app(services), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, server.host, server.port)
        try:
            await site.start()
        except OSError as problem:
            raise cannot_listen(server.host, server.port, problem) from None
        host, port = runner.addresses[0][:2]
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}/"


@asynccontextmanager
async def _watching(reports: Reports) -> AsyncIterator[None]:
    """Looks at flags and approvals as often as the configuration asks."""
    every = reports.configuration.settings.backend.poll.total_seconds()

    async def watch() -> None:
        while True:
            await asyncio.sleep(every)
            try:
                await _look(reports)
            except Exception as problem:  # noqa: BLE001 - what is unforeseen holds the gates; flags seen once would stay
                reports.flags.forget(f"the look at the flags failed: {type(problem).__name__}")
                _say(f"the flags can't be watched: {type(problem).__name__}")

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


@asynccontextmanager
async def _telling(reports: Reports, *, scheduled: bool) -> AsyncIterator[None]:
    """Notices what happens and tells the channels."""
    planned = jobs(reports.configuration.system) if scheduled else ()
    work = asyncio.create_task(notifying(reports, _say, planned=lambda: planned).run())
    try:
        yield
    finally:
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work


async def _look(reports: Reports) -> None:
    """One look at the flags, and at the approvals that have lapsed since; what fails is said, and tried again."""
    try:
        await reports.flags.look()
    except ReconcilerError as problem:
        reports.flags.forget(problem.message)
        _say(f"the flags can't be watched: {problem}")
        return
    try:
        lapsed = await reports.approvals.note_lapses()
    except ReconcilerError as problem:
        _say(f"approvals can't be looked at: {problem}")
        return
    if lapsed:
        _say(f"{counted(lapsed, 'approval')} lapsed; `reconciler audit list` says why")


def _services(reports: Reports, running: Launcher, known: Insight, *, scheduled: bool) -> WebServices:
    """What the pages need."""
    settings = reports.configuration.settings
    plans = {name: plan.sections for name, plan in reports.plans.items()}
    return WebServices(
        system=reports.configuration.system,
        store=reports.store,
        verdicts=reports.verdicts,
        acts=Acts(
            approvals=reports.approvals,
            waivers=reports.waivers,
            flags=reports.flags,
            runs=running,
            records=rereading(reports),
            clusters=reports.clusters,
            pausing=reports.pausing,
            configurations=reports.configurations,
        ),
        clock=reports.clock,
        signer=open_signer(reports.configuration),
        entrance=entrance_of(settings, sign_in=reports.sign_in, account=actor().name),
        hosts=answered_names(settings),
        insight=known,
        title=settings.dashboard.title,
        announcement=settings.dashboard.announcement,
        version=__version__,
        sample=settings.runs.sample,
        cutover=reports.configuration.cutover,
        notices=notice_board(reports),
        public=opened(settings.dashboard.public),
        link=reports.notify.link or settings.access.public_url,
        plan_sections=plans,
        scheduled=(lambda: _planned(reports)) if scheduled else None,
        expected=lambda: _planned(reports),
        firings=firings,
        alarms=reports.flags.alarms,
    )


def _planned(reports: Reports) -> Sequence[ScheduledRun]:
    """The schedule as of now."""
    now = reports.clock.now()
    return [
        ScheduledRun(domain=job.domain, mode=job.mode, cron=job.cron, next_at=job.next_after(now))
        for job in jobs(reports.configuration.system)
    ]


def _starter(reports: Reports, running: Launcher) -> Start:
    """What the scheduler calls: one run of one domain, with connections of its own."""

    async def start(domain: DomainSpec, mode: Mode) -> None:
        request = RunRequest(
            domains=(domain,), mode=mode, trigger="schedule", sample=reports.configuration.settings.runs.sample
        )
        await running.carry_out(request)

    return start


def _paused(reports: Reports) -> Paused:
    """What the scheduler asks before it starts a job."""

    async def paused(domain: str, mode: Mode) -> str:
        now = reports.clock.now()
        pause = held(await reports.store.pauses(since=now), domain=domain, mode=mode, at=now)
        return f"paused by {pause.actor} until {moment(pause.over_at)}: {pause.reason}" if pause else ""

    return paused


def _say(line: str) -> None:
    """A line for the log, with the time."""
    with contextlib.suppress(BrokenPipeError):
        click.echo(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line}", err=True)
