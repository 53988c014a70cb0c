"""What is timed, each in a process of its own: the drain, the obvious loop, scans, runs and rechecks."""

import asyncio
import gc
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
from bson import ObjectId
from deepdiff import DeepDiff
from motor.motor_asyncio import AsyncIOMotorClient

from benchmarks.shop import DATABASE
from reconciler.adapters.clock import SystemClock
from reconciler.adapters.config.service_shape import RunsShape
from reconciler.adapters.config_files import Configuration, load_configuration
from reconciler.app.looks import RunRequest
from reconciler.app.ports import DiffFilter, StoredRun
from reconciler.cli.main import RARELY
from reconciler.cli.progress import Silence
from reconciler.core.model import OPEN_STATES, Mode, Outcome
from reconciler.core.spec import DomainSpec, EntitySpec
from reconciler.wiring import open_reports, open_stores, runs

ALL = 10**9
BENCHMARK = "benchmark"
METHODS = ("stream", "checksum") if "method" in RunsShape.model_fields else ("stream",)
OPEN = DiffFilter(entity="address", states=tuple(OPEN_STATES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a child process does: `what` names the work, `records` bounds the loop, `fields` how many are compared.

    `differing` is how many differences have to be found, `reports` the folder of the report database.
    """

    what: str
    mongodb_uri: str
    pg_url: str
    reports: str
    records: int
    method: str = "stream"
    fields: int = ALL
    differing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of it: records of both sides, seconds of work without the waiting, own CPU, peak memory in MB."""

    records: int
    wall: float
    cpu: float
    peak_mb: float


class Watch(SystemClock):
    """Real time, which notes how much of it was slept away."""

    def __init__(self) -> None:
        """Nothing was slept yet."""
        self.slept = 0.0

    async def sleep(self, seconds: float) -> None:
        """Sleeps, and notes it."""
        began = self.monotonic()
        await super().sleep(seconds)
        self.slept += self.monotonic() - began


# -- the yardsticks ----------------------------------------------------------------------------------------------------


async def drain(task: Task) -> int:
    """Moves every byte of both stores at once and decodes nothing: raw batches, and a binary COPY."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(task.mongodb_uri)
    connection = await asyncpg.connect(task.pg_url)

    async def documents() -> None:
        async for _ in client.get_database(DATABASE)["addresses"].find_raw_batches({}):
            pass

    async def ignore(_: bytes) -> None:
        pass

    try:
        rows = connection.copy_from_table("addresses", output=ignore, format="binary")
        await asyncio.gather(documents(), rows)
    finally:
        await connection.close()
        client.close()
    return 2 * task.records


async def obvious(task: Task) -> int:
    """What one writes first: load documents, look each row up, DeepDiff the pair."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(task.mongodb_uri)
    connection = await asyncpg.connect(task.pg_url)
    seen = 0
    try:
        lookup = "select * from addresses where legacy_object_id = $1"
        async for document in client.get_database(DATABASE)["addresses"].find({}).limit(task.records):
            row = await connection.fetchrow(lookup, str(document["_id"]))
            source = {name: str(value) if isinstance(value, ObjectId) else value for name, value in document.items()}
            DeepDiff(source, dict(row or {}))
            seen += 1
    finally:
        await connection.close()
        client.close()
    return 2 * seen


# -- reconciler --------------------------------------------------------------------------------------------------------


async def scan(task: Task, watch: Watch) -> int:
    """A whole run in the mode `scan` over the one entity: read, compare, re-read, explain, store, seal."""
    configuration = _configuration(task)
    request = RunRequest(domains=(_domain(configuration, task),), mode=Mode.SCAN, trigger=BENCHMARK)
    stored = await _run(configuration, request, watch)
    (part,) = stored.domains
    (found,) = part.entities
    differing = found.seen - found.outcomes[Outcome.MATCHED]
    if not found.complete or found.unconfirmed or differing != task.differing or found.method != task.method:
        raise SystemExit(
            f"expected a complete {task.method} scan with {task.differing} differences, got {found.method}, "
            f"{'complete' if found.complete else 'incomplete'}, {differing}, {found.unconfirmed} unconfirmed"
        )
    return found.source_records + found.target_records


async def recheck(task: Task, watch: Watch) -> int:
    """The open differences of the run before, read again by their keys."""
    configuration = _configuration(task)
    domain = _domain(configuration, task)
    async with open_reports(configuration) as reports:
        keys = tuple([diff.key async for diff in reports.store.diffs(OPEN)])
    request = RunRequest(domains=(domain,), mode=Mode.KEYS, trigger=BENCHMARK, keys={"address": keys})
    stored = await _run(configuration, request, watch)
    (found,) = stored.domains[0].entities
    if found.outcomes[Outcome.FIELD_MISMATCH] != task.differing:
        raise SystemExit(f"expected {task.differing} differences that stay, got {found.outcomes}")
    return found.source_records + found.target_records


async def _run(configuration: Configuration, request: RunRequest, watch: Watch) -> StoredRun:
    """One run, as `reconciler run` does it."""
    async with open_reports(configuration, clock=watch) as reports, open_stores(configuration) as stores:
        return await runs(reports, stores).run(request, Silence())


def _configuration(task: Task) -> Configuration:
    """The configuration of this repository; a difference counts when a second look sees it too."""
    environ = {"MONGODB_URI": task.mongodb_uri, "PG_URL": task.pg_url, "RECONCILER_RUNS__CONFIRM_AFTER": "0s"}
    environ |= {"RECONCILER_RUNS__METHOD": task.method} if len(METHODS) > 1 else {}
    return load_configuration(folder=Path("config"), environ=environ, overrides={"reports": task.reports})


def _domain(configuration: Configuration, task: Task) -> DomainSpec:
    """The domain of addresses with its one entity, as many of its fields as asked for, and no invariants."""
    domain = configuration.system.domain("address")
    return replace(domain, entities=tuple(_narrow(one, task.fields) for one in domain.entities), invariants=())


def _narrow(entity: EntitySpec, fields: int) -> EntitySpec:
    """The entity with its first fields only, the key among them."""
    return replace(entity, fields=entity.fields[:fields])


# -- the child process -------------------------------------------------------------------------------------------------


async def measured(task: Task) -> Done:
    """Does the work and says what it took."""
    watch = Watch()
    works: dict[str, Callable[[], Awaitable[int]]] = {
        "drain": lambda: drain(task),
        "obvious": lambda: obvious(task),
        "scan": lambda: scan(task, watch),
        "recheck": lambda: recheck(task, watch),
    }
    began, cpu = time.perf_counter(), time.process_time()
    records = await works[task.what]()
    wall, used = time.perf_counter() - began - watch.slept, time.process_time() - cpu
    return Done(records=records, wall=wall, cpu=used, peak_mb=_peak_mb())


def _peak_mb() -> float:
    """The most memory that this process has had; elsewhere than on Linux that of its parent may be counted in."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    found = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")]
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found[0] if found else most / (2**20 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Reads a task from stdin and prints what came of it; collects garbage as rarely as the command line does."""
    gc.freeze()
    gc.set_threshold(*RARELY)
    print(json.dumps(asdict(asyncio.run(measured(Task(**json.load(sys.stdin)))))))


if __name__ == "__main__":
    main()
