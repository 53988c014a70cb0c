"""`python -m benchmarks.pages`: every page and list over 60 domains, 10,000 runs and 1,000,000 differences."""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine
from benchmarks.large import FULL, configure, fill

PATHS = (
    "/", "/?wall=1", "/runs", "/runs?before=5000", "/runs?domain=domain_07", "/runs/1", "/runs/9999", "/diffs",
    "/diffs?after=900000", "/diffs?domain=domain_59", "/diffs?domain=domain_59&state=resolved", "/diffs?state=waived",
    "/diffs?state=regressed", "/diffs?run=1&domain=domain_59", "/diffs?cluster=K-700", "/diffs/500000", "/clusters",
    "/clusters?domain=domain_30", "/clusters/K-700", "/domains/domain_07", "/domains/domain_07/record", "/approvals",
    "/approvals?before=1200", "/approvals/1200", "/audit", "/audit?before=1000", "/cutover", "/schedule", "/health",
    "/runs.csv", "/api/v1/overview", "/api/v1/domains", "/api/v1/domains/domain_07/gate",
    "/api/v1/domains/domain_07/timeline?days=30", "/api/v1/runs", "/api/v1/diffs", "/api/v1/clusters",
    "/api/v1/clusters?run=1", "/api/v1/runs/1/report.xml", "/api/v1/approvals", "/api/v1/audit",
    "/api/v1/audit/verify", "/api/v1/plan",
)  # fmt: skip
WARMING, TIMED = 4, 5  # each of the connections that read keeps its own lists
COMMAND = str(Path(sys.executable).with_name("reconciler"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What an address took: seconds of each answer, those of the server's processor for all of them, and its bytes."""

    path: str
    first: float
    seconds: Sequence[float]
    cpu: float
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A service over the history."""

    address: str
    pid: int


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """`reconciler serve` over the configuration and the reports in a folder."""
    places = {"RECONCILER_CONFIG": str(folder / "config"), "RECONCILER_REPORTS": str(folder / "reports")}
    command = [COMMAND, "serve", "--port", "0", "--no-scheduler"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **places}) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            yield Server(address=line.removeprefix("serving ").strip().rstrip("/"), pid=server.pid)
        finally:
            server.send_signal(signal.SIGINT)


def measured(server: Server, path: str) -> Page:
    """One address, asked again and again."""
    first, size = _asked(server.address + path)
    for _ in range(WARMING):
        _asked(server.address + path)
    before = machine.cpu_seconds(server.pid) or 0.0
    seconds = [_asked(server.address + path)[0] for _ in range(TIMED)]
    cpu = (machine.cpu_seconds(server.pid) or 0.0) - before
    return Page(path=path, first=first, seconds=seconds, cpu=cpu / TIMED, size=size)


def _asked(address: str) -> tuple[float, int]:
    """Seconds from the question to the last byte, and how many there are."""
    began = time.perf_counter()
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - an address that the server printed
        size = len(answer.read())
    return time.perf_counter() - began, size


def row(page: Page) -> str:
    """A row of the table, in milliseconds and kB."""
    times = " / ".join(f"{one * 1000:,.0f}" for one in (min(page.seconds), statistics.median(page.seconds)))
    return f"| `{page.path}` | {page.first * 1000:,.0f} | {times} | {page.cpu * 1000:,.0f} | {page.size / 1000:,.0f} |"


def main() -> None:
    """Fills a folder, or takes one that was filled before, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the history is kept, or found again (default: nowhere)")
    with tempfile.TemporaryDirectory() as passing:
        folder = parser.parse_args().folder or Path(passing)
        if not (folder / "reports").exists():
            configure(folder / "config", FULL)
            fill(folder / "reports", folder / "config", FULL)
        print(f"On {machine.described()}; load before {machine.load():.1f}.\n")
        print("| address | first ms | min / median ms | CPU ms | kB |\n|---|--:|--:|--:|--:|")
        with served(folder) as server:
            for path in PATHS:
                print(row(measured(server, path)), flush=True)
        print(f"\nLoad after {machine.load():.1f}.")


if __name__ == "__main__":
    main()
