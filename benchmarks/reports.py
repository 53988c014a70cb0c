"""The faces: the overview over a report database of 10,000 runs and a million differences, and `reconciler --help`."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from reconciler.adapters.code_version import code_version
from reconciler.adapters.config_files import Configuration, load_configuration
from reconciler.adapters.report_store import recording, sighting
from reconciler.adapters.report_store.opening import connect_writer, prepare
from reconciler.app.ports import RunStart
from reconciler.core.model import (
    ClusterKey,
    DiffKind,
    DiffState,
    EntitySummary,
    Mode,
    Outcome,
    ReportedDiff,
    ReportedField,
    RunStatus,
)
from reconciler.core.spec import DomainSpec
from reconciler.core.summary import no_outcomes

RUNS, DIFFS = 10_000, 1_000_000
EVERY = timedelta(minutes=15)
PAGES_TIMED, HELPS_TIMED = 15, 10
COMMAND = str(Path(sys.executable).with_name("reconciler"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """Seconds of each repetition; `first` is the one that found nothing in memory."""

    first: float
    seconds: tuple[float, ...]


def help_text() -> Timed:
    """`reconciler --help`, a process each time."""
    times = [_seconds_of_help() for _ in range(HELPS_TIMED + 1)]
    return Timed(first=times[0], seconds=tuple(times[1:]))


def _seconds_of_help() -> float:
    """From the start of the process to its end."""
    began = time.perf_counter()
    subprocess.run([COMMAND, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def overview(*, runs: int = RUNS, diffs: int = DIFFS) -> Timed:
    """The overview's answer over HTTP, asked from the same machine."""
    with tempfile.TemporaryDirectory() as folder:
        seed(Path(folder), runs=runs, diffs=diffs)
        with _served(folder) as address:
            times = [_seconds_of_page(address) for _ in range(PAGES_TIMED + 1)]
    return Timed(first=times[0], seconds=tuple(times[1:]))


def _seconds_of_page(address: str) -> float:
    """From the question to the last byte of the answer."""
    began = time.perf_counter()
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - an address that the server printed
        answer.read()
    return time.perf_counter() - began


@contextmanager
def _served(folder: str) -> Iterator[str]:
    """`reconciler serve` over the reports in a folder."""
    command = [COMMAND, "serve", "--port", "0", "--no-scheduler"]
    environ = {**os.environ, "RECONCILER_REPORTS": folder}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            yield line.removeprefix("serving ").strip()
        finally:
            server.send_signal(signal.SIGINT)


# -- a long history ----------------------------------------------------------------------------------------------------


def seed(folder: Path, *, runs: int, diffs: int) -> None:
    """Writes the history of a system with samples every quarter of an hour of each domain, and one scan that differs.

    It goes through the store's own statements and triggers, in one transaction.
    """
    configuration = load_configuration(folder=Path("config"), environ={}, overrides={"reports": str(folder)})
    domains = [domain for domain in configuration.system.domains if domain.comparable]
    with closing(connect_writer(prepare(folder))) as db:
        db.execute("BEGIN IMMEDIATE")
        for number in range(runs):
            domain, turn = domains[number % len(domains)], number // len(domains)
            differing = diffs // len(domains) if turn == 1 else 0
            at = datetime.now(UTC) - EVERY * (runs / len(domains) - turn)
            _write_run(db, configuration, domain, at, differing=differing)
        db.execute("COMMIT")


def _write_run(db: Database, configuration: Configuration, domain: DomainSpec, at: datetime, *, differing: int) -> None:
    """One completed run of one domain."""
    start = RunStart(
        mode=Mode.SCAN if differing else Mode.SAMPLE,
        domains=(domain.name,),
        seed=7,
        started_at=at,
        config_digest=configuration.digest,
        config_digests={domain.name: domain.config_digest},
        policy_digests={domain.name: domain.policy_digest},
        code_version=code_version(),
        trigger=BENCHMARK,
    )
    run_id = recording.start_run(db, start, process=BENCHMARK)
    for place, entity in enumerate(domain.entities):
        mismatched = differing if place == 0 else 0
        if mismatched:
            found = list(_diffs(domain.name, entity.name, mismatched))
            sighting.record(db, run_id, domain=domain.name, entity=entity.name, diffs=found, at=at)
        recording.write_entity(db, run_id, domain=domain.name, summary=_summary(entity.name, mismatched), at=at)
    recording.finish_domain(
        db, run_id, domain=domain.name, notes=(), gaps=None, canaries=(9, 9), error="", at=at
    )  # fmt: skip
    recording.seal(db, run_id, status=RunStatus.COMPLETED, identities={}, at=at)


BENCHMARK = "benchmark"


def _summary(entity: str, mismatched: int) -> EntitySummary:
    """Counts that add up."""
    outcomes = no_outcomes() | {Outcome.MATCHED: 1000, Outcome.FIELD_MISMATCH: mismatched}
    total = sum(outcomes.values())
    return EntitySummary(
        entity=entity, source_records=total, target_records=total, seen=total, compared=total, outcomes=outcomes,
        cleared=0, unconfirmed=0, coverage=1.0, method="stream", complete=True,
    )  # fmt: skip


def _diffs(domain: str, entity: str, count: int) -> Iterator[ReportedDiff]:
    """Confirmed differences of three causes."""
    for number in range(count):
        path, cause = (("city", "trailing whitespace"), ("region", ""), ("postalCode", "leading zero lost"))[number % 3]
        cluster = ClusterKey(
            domain=domain, entity=entity, path=path, kind="value", types="string, string", cause=cause
        )  # fmt: skip
        field = ReportedField(
            path=path, kind=DiffKind.VALUE, source="01234", target="1234", redacted=None, cluster=cluster
        )  # fmt: skip
        key = f"65{number:022x}"
        outcome, state = Outcome.FIELD_MISMATCH, DiffState.CONFIRMED
        yield ReportedDiff(locator=key, key=key, outcome=outcome, state=state, fields=(field,), cluster=None)
