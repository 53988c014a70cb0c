"""Measures of one size: each in a child process, on servers whose CPU is told and whose connections may be counted."""

import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass

from benchmarks.machine import cpu_seconds
from benchmarks.proxy import Wire, proxied
from benchmarks.shop import DATABASE, differ, load
from benchmarks.work import ALL, METHODS, Done, Task
from reconciler.sandbox.servers import Sandbox

ROUND_TRIP = 0.020
SHARES = (0.001, 0.01, 0.1)
WIDTHS = (5, 10)
RECHECKED = 10_000
MOST_OBVIOUS, FAR_OBVIOUS = 3_000, 200
SERVERS = ("mongod", "postgres")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One row. `walls` has the seconds of each repetition, CPU and memory are those of the last of them.

    `records` are those of both sides together. `wire` (bytes on the connections) and `store_cpu` (CPU seconds), both by
    server, are of one more repetition, through proxies.
    """

    name: str
    records: int
    walls: tuple[float, ...]
    cpu: float
    peak_mb: float
    store_cpu: dict[str, float]
    wire: dict[str, int]

    @property
    def wall(self) -> float:
        """The median of the repetitions."""
        return statistics.median(self.walls)

    @property
    def rate(self) -> float:
        """Records of both sides a second."""
        return self.records / self.wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """All measures at one size of the entity."""

    records: int
    measures: tuple[Measure, ...]

    def named(self, name: str) -> Measure | None:
        """The measure of that name, if it was taken."""
        return next((one for one in self.measures if one.name == name), None)


class Bench:
    """Both servers, filled with one size, and what is measured on them."""

    def __init__(self, sandbox: Sandbox, *, records: int, repeat: int) -> None:
        """`records` are those on each side; each measure is taken `repeat` times, dear ones once."""
        self._sandbox = sandbox
        self._records = records
        self._repeat = repeat
        self._found: list[Measure] = []

    async def all(self) -> Sized:
        """Every measure, the dear ones last."""
        await self._take("drain of both stores", "drain")
        for method in METHODS:
            await self._take(f"scan, {method}", "scan", method=method)
        await self._take("obvious loop", "obvious", records=min(self._records, MOST_OBVIOUS), repeat=1)
        for method in METHODS:
            for width in WIDTHS:
                await self._take(f"scan, {method}, {width} fields", "scan", method=method, fields=width, repeat=1)
        await self._far()
        await self._differing()
        return Sized(records=self._records, measures=tuple(self._found))

    async def _far(self) -> None:
        """The same when every answer takes a while to come."""
        one_way = ROUND_TRIP / 2
        await self._take("drain, 20 ms away", "drain", one_way=one_way)
        for method in METHODS:
            await self._take(f"scan, {method}, 20 ms away", "scan", method=method, one_way=one_way)
        few = min(self._records, FAR_OBVIOUS)
        await self._take("obvious loop, 20 ms away", "obvious", records=few, one_way=one_way)

    async def _differing(self) -> None:
        """Runs that find something, explain and store it; and the recheck of what is open."""
        for share in SHARES:
            count = int(self._records * share)
            await differ(pg_url=self._sandbox.pg_url(DATABASE), records=count)
            for method in METHODS:
                await self._take(
                    f"scan, {method}, {share:.1%} differ", "scan", method=method, differing=count, repeat=1
                )
        count = min(self._records, RECHECKED)
        await differ(pg_url=self._sandbox.pg_url(DATABASE), records=count)
        with tempfile.TemporaryDirectory() as reports:
            task = self._task("scan", reports, differing=count)
            await worked(task)
            await self._take(f"recheck of {count:,} open diffs", "recheck", differing=count, repeat=1, reports=reports)

    async def _take(  # noqa: PLR0913 - what a measure varies in
        self,
        name: str,
        what: str,
        *,
        repeat: int = 0,
        one_way: float = 0.0,
        reports: str = "",
        records: int = 0,
        method: str = METHODS[0],
        fields: int = ALL,
        differing: int = 0,
    ) -> None:
        """Takes one measure: timed on the servers themselves, and once more through proxies that count bytes."""
        with tempfile.TemporaryDirectory() as fresh:
            folder = reports or fresh
            task = self._task(what, folder, records=records, method=method, fields=fields, differing=differing)
            times = 0 if one_way else repeat or self._repeat
            done = [await worked(task) for _ in range(times)]
            before = self._server_cpu()
            async with self._proxies(one_way) as wires:
                counted = await worked(self._through(task, wires))
            after = self._server_cpu()
        best = done or [counted]
        self._found.append(
            Measure(
                name=name,
                records=counted.records,
                walls=tuple(one.wall for one in best),
                cpu=best[-1].cpu,
                peak_mb=best[-1].peak_mb,
                store_cpu={server: after[server] - before[server] for server in before},
                wire={server: wire.bytes for server, wire in wires.items()},
            )
        )
        print(f"{self._records:,} {name}: {self._found[-1].wall:.2f} s", file=sys.stderr, flush=True)

    def _task(
        self, what: str, reports: str, *, records: int = 0, method: str = METHODS[0], fields: int = ALL,
        differing: int = 0,
    ) -> Task:  # fmt: skip
        """A task on the servers themselves, with accounts that can only read."""
        return Task(
            what=what,
            mongodb_uri=self._sandbox.reader_mongodb_uri(DATABASE),
            pg_url=self._sandbox.reader_pg_url(DATABASE),
            reports=reports,
            records=records or self._records,
            method=method,
            fields=fields,
            differing=differing,
        )

    def _through(self, task: Task, wires: dict[str, Wire]) -> Task:
        """The same task through the proxies."""
        known = asdict(task)
        for name, address in zip(SERVERS, ("mongodb_uri", "pg_url"), strict=True):
            known[address] = known[address].replace(f":{self._sandbox.ports[name]}/", f":{wires[name].port}/")
        return Task(**known)

    @asynccontextmanager
    async def _proxies(self, one_way: float) -> AsyncIterator[dict[str, Wire]]:
        """One before each server."""
        async with AsyncExitStack() as stack:
            yield {
                name: await stack.enter_async_context(proxied(self._sandbox.ports[name], one_way=one_way))
                for name in SERVERS
            }

    def _server_cpu(self) -> dict[str, float]:
        """CPU that each server has used so far, where the system tells."""
        used = {name: cpu_seconds(pid) for name, pid in self._sandbox.pids.items()}
        return {name: seconds for name, seconds in used.items() if seconds is not None}


async def worked(task: Task) -> Done:
    """What a child process makes of a task."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.work", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    answer, _ = await child.communicate(json.dumps(asdict(task)).encode())
    if child.returncode:
        raise SystemExit(f"{task.what} ended with {child.returncode}")
    return Done(**json.loads(answer.splitlines()[-1]))


async def sized(records: int, *, repeat: int) -> Sized:
    """All measures at one size, on servers of their own."""
    async with Sandbox.start() as sandbox:
        await sandbox.create_databases(DATABASE)
        await load(mongodb_uri=sandbox.mongodb_uri(DATABASE), pg_url=sandbox.pg_url(DATABASE), records=records)
        return await Bench(sandbox, records=records, repeat=repeat).all()
