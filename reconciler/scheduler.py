"""Starts runs by the clock, one after the other; what to run, and when, comes from the configuration."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from reconciler.core.model import Mode
from reconciler.core.spec import DomainSpec, System
from reconciler.errors import AlreadyRunning, ReconcilerError

WAKE_UP_SECONDS = 60.0
ASK_AGAIN_SECONDS = 5.0
PATIENCE_SECONDS = 3600.0
MOST_FIRINGS = 1500

Start = Callable[[DomainSpec, Mode], Awaitable[None]]
Paused = Callable[[str, Mode], Awaitable[str]]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One entry of the schedule: a cron expression in UTC."""

    domain: str
    mode: Mode
    cron: str

    def next_after(self, at: datetime) -> datetime | None:
        """When it is due next."""
        due = trigger(self.cron).get_next_fire_time(None, at)
        return None if due is None else due.astimezone(UTC)


def trigger(cron: str) -> CronTrigger:
    """The trigger of a five-field expression."""
    return CronTrigger.from_crontab(cron, timezone=UTC)


@lru_cache(maxsize=64)
def firings(cron: str, since: datetime, until: datetime) -> tuple[datetime, ...]:
    """When the expression is due from `since` on and before `until`, at most `MOST_FIRINGS` times."""
    found: list[datetime] = []
    expression = trigger(cron)
    due = expression.get_next_fire_time(None, since)
    while due is not None and due < until and len(found) < MOST_FIRINGS:
        found.append(due.astimezone(UTC))
        due = expression.get_next_fire_time(due, due + timedelta(microseconds=1))
    return tuple(found)


def jobs(system: System) -> tuple[Job, ...]:
    """What runs by itself, scans before samples."""
    planned = ((domain, Mode.SCAN, domain.schedule.scan) for domain in system.comparable)
    more = ((domain, Mode.SAMPLE, domain.schedule.sample) for domain in system.comparable)
    return tuple(Job(domain=domain.name, mode=mode, cron=cron) for domain, mode, cron in (*planned, *more) if cron)


class Scheduler:
    """Runs jobs one after the other: a scan waits for its turn, a sample that finds its domain busy is left out."""

    def __init__(self, system: System, *, start: Start, say: Say, paused: Paused) -> None:
        """`start` runs one domain and raises what goes wrong; `say` takes a line for the log.

        `paused` tells in words why a job is not to be started now, and nothing where it is.
        """
        self._system = system
        self.jobs = jobs(system)
        self._start = start
        self._say = say
        self._paused = paused
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Starts jobs while the context is open; a run under way is cancelled at its end, and saved as interrupted."""
        scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        for job in self.jobs:
            scheduler.add_job(self.begin, trigger(job.cron), args=[job], id=f"{job.domain}:{job.mode.value}")
        scheduler.add_listener(self._heard, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
        scheduler.start()
        waking = asyncio.create_task(_keep_awake(scheduler))
        try:
            yield
        finally:
            waking.cancel()
            scheduler.shutdown(wait=False)
            with suppress(asyncio.CancelledError):
                await waking

    async def begin(self, job: Job) -> None:
        """One run, in turn, unless it is paused by then."""
        domain = self._system.domain(job.domain)
        async with self._turn:
            waited = 0.0
            while True:
                try:
                    if told := await self._paused(job.domain, job.mode):
                        self._say(f"{job.mode.value} of {job.domain} left out: {told}")
                        return
                    await self._start(domain, job.mode)
                except AlreadyRunning:
                    if job.mode is not Mode.SCAN or waited >= PATIENCE_SECONDS:
                        self._say(f"{job.mode.value} of {job.domain} left out: another run of it is under way")
                        return
                    await asyncio.sleep(ASK_AGAIN_SECONDS)
                    waited += ASK_AGAIN_SECONDS
                except ReconcilerError as problem:
                    self._say(f"{job.mode.value} of {job.domain} could not run: {problem}")
                    return
                else:
                    return

    def _heard(self, event: JobExecutionEvent) -> None:
        """Tells of a job that crashed or was missed; the gate notices by itself that its evidence grows old."""
        what = f"crashed ({type(event.exception).__name__})" if event.exception else "was missed"
        self._say(f"scheduled run {event.job_id} {what}")


async def _keep_awake(scheduler: AsyncIOScheduler) -> None:
    """Wakes the scheduler now and then: its own timer sleeps too long after the wall clock was set back."""
    while True:
        await asyncio.sleep(WAKE_UP_SECONDS)
        scheduler.wakeup()
