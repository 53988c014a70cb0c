"""Runs in the background of this process: started by people and by the clock, found again by their id, called off."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from reconciler.app.courses import Course, Watch
from reconciler.app.looks import RunRequest
from reconciler.app.ports import Clock, ReportStore, StoredRun
from reconciler.app.runs import Runs
from reconciler.core.access import Actor, Right
from reconciler.core.access import require as require_right
from reconciler.core.audit import Act, AuditAction
from reconciler.core.model import RunStatus
from reconciler.errors import Conflict, ReconcilerError

MOST_AT_ONCE = 3
SAVING_SECONDS = 10.0

OpenRuns = Callable[[], AbstractAsyncContextManager[Runs]]
Say = Callable[[str], None]


@dataclass(slots=True, kw_only=True, eq=False)
class Launch:
    """A run under way: `began` has its id as soon as it is stored. As `app.looks.Progress` it hears how far it is."""

    request: RunRequest
    by_hand: bool
    began: asyncio.Future[int]
    watch: Watch
    task: asyncio.Task[StoredRun] = field(init=False)
    called_off: bool = False

    def started(self, run_id: int) -> None:
        """The run has its id."""
        if not self.began.done():
            self.began.set_result(run_id)

    def entity(self, domain: str, entity: str) -> None:
        """Tells whoever looks on."""
        self.watch.entity(domain, entity)

    def read(self, done: int, total: int) -> None:
        """Tells whoever looks on."""
        self.watch.read(done, total)

    def settling(self, candidates: int) -> None:
        """Tells whoever looks on."""
        self.watch.settling(candidates)


class Launcher:
    """Starts runs and calls them off; each has readers of its own, as a run on the command line has."""

    def __init__(self, *, open_runs: OpenRuns, store: ReportStore, clock: Clock, say: Say) -> None:
        """`open_runs` opens both stores and the use case over them; `say` takes a line for the log."""
        self._open_runs = open_runs
        self._store = store
        self._clock = clock
        self._say = say
        self._launches: set[Launch] = set()

    async def start(self, request: RunRequest, *, actor: Actor) -> int:
        """The id of a run that is under way now. Raises AccessDenied, Conflict, and what kept it from starting.

        A store that is down keeps no run from starting: the run fails, and says why.
        """
        require_right(actor, Right.OPERATE)
        if sum(launch.by_hand for launch in self._launches) >= MOST_AT_ONCE:
            raise Conflict(
                "no further run is started", expected=f"fewer than {MOST_AT_ONCE} runs started by hand at once",
                got=str(MOST_AT_ONCE), next_step="wait for one of them to end, or cancel it",
            )  # fmt: skip
        launch = self._launch(request, by_hand=True)
        either: set[asyncio.Future[Any]] = {launch.began, launch.task}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        run_id = launch.began.result() if launch.began.done() else (await launch.task).id
        try:
            await self._note(AuditAction.RUN_STARTED, actor, request, f"run {run_id}: {_told(request)}")
        except ReconcilerError:
            launch.task.cancel()
            raise
        return run_id

    async def carry_out(self, request: RunRequest) -> StoredRun:
        """A run from its start to its end; called off, it comes back as interrupted. Raises what stopped it."""
        launch = self._launch(request, by_hand=False)
        try:
            await asyncio.wait({launch.task})
        except asyncio.CancelledError:
            await _ended([launch])
            raise
        if launch.task.cancelled() and launch.began.done():
            return await self._store.run(launch.began.result())
        return launch.task.result()

    async def cancel(self, run_id: int, *, actor: Actor) -> None:
        """Calls a run off; what it finished is kept. Raises AccessDenied, NotFound, Conflict if not under way here."""
        require_right(actor, Right.OPERATE)
        launch = await self._under_way(run_id)
        if launch.called_off:
            return
        launch.called_off = True
        await self._note(AuditAction.RUN_CANCELLED, actor, launch.request, f"run {run_id}")
        launch.task.cancel()
        await asyncio.wait({launch.task}, timeout=SAVING_SECONDS)

    def course(self, run_id: int) -> Course | None:
        """How far a run of this process is; None for any other, which is not heard of here."""
        found = (one for one in self._launches if one.began.done() and one.began.result() == run_id)
        return next((launch.watch.course for launch in found if not launch.task.done()), None)

    async def close(self) -> None:
        """Stops every run, and waits until each is saved as interrupted."""
        await _ended(list(self._launches))

    async def _under_way(self, run_id: int) -> Launch:
        """The run if it is under way in this process."""
        stored = await self._store.run(run_id)
        if stored.status is not RunStatus.RUNNING:
            raise Conflict(
                f"run {run_id} can't be cancelled", expected="a run under way", got=f"one that is {stored.status.value}"
            )
        for launch in self._launches:
            if launch.began.done() and launch.began.result() == run_id:
                return launch
        raise Conflict(
            f"run {run_id} can't be cancelled", expected="a run that this service started",
            got="one of another process", next_step="stop the command that started it",
        )  # fmt: skip

    def _launch(self, request: RunRequest, *, by_hand: bool) -> Launch:
        """Starts the work."""
        began: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        entities = sum(len(domain.entities) for domain in request.domains)
        watch = Watch(entities=len(request.keys) or entities, monotonic=self._clock.monotonic)
        launch = Launch(request=request, by_hand=by_hand, began=began, watch=watch)
        launch.task = asyncio.create_task(self._run(launch))
        self._launches.add(launch)
        launch.task.add_done_callback(lambda _: self._done(launch))
        return launch

    async def _run(self, launch: Launch) -> StoredRun:
        """The run itself."""
        async with self._open_runs() as runs:
            return await runs.run(launch.request, launch)

    def _done(self, launch: Launch) -> None:
        """Says how a run ended; what stopped a scheduled one is raised to whoever waits for it, and not said here."""
        self._launches.discard(launch)
        what = f"run {launch.began.result()}: {_told(launch.request)}" if launch.began.done() else "a run not begun"
        problem = None if launch.task.cancelled() else launch.task.exception()
        if problem is None:
            self._say(f"{what} {'stopped' if launch.task.cancelled() else launch.task.result().status.value}")
        elif launch.by_hand:
            why = str(problem) if isinstance(problem, ReconcilerError) else type(problem).__name__
            self._say(f"{what} could not run: {why}")

    async def _note(self, action: AuditAction, actor: Actor, request: RunRequest, comment: str) -> None:
        """Writes it down."""
        domain = request.domains[0].name if len(request.domains) == 1 else ""
        act = Act(actor=actor, action=action, at=self._clock.now(), domain=domain, comment=comment)
        await self._store.note_act(act)


async def _ended(launches: Sequence[Launch]) -> None:
    """Cancels, and waits for the end."""
    tasks = {launch.task for launch in launches}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


def _told(request: RunRequest) -> str:
    """`scan of address, auth`; with keys only how many, as they may be long."""
    names = ", ".join(domain.name for domain in request.domains)
    keys = f" ({max((len(keys) for keys in request.keys.values()), default=0)} keys)" if request.keys else ""
    return f"{request.mode.value} of {names}{keys}"
