"""`python -m benchmarks [RECORDS …]`: one table a size, always as ratios of the same run."""

import asyncio
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measures import Measure, drain, measured, obvious
from benchmarks.shop import DATABASE, load
from reconciler.adapters.config_files import load_configuration
from reconciler.sandbox.servers import Sandbox
from reconciler.wiring import looker, open_reports, open_stores

SIZES = (30_000, 300_000)
MOST_OBVIOUS = 3_000


async def run(records: int) -> list[Measure]:
    """All measures at one size, on servers of their own."""
    async with Sandbox.start() as sandbox:
        await sandbox.create_databases(DATABASE)
        stores = {"mongodb_uri": sandbox.mongodb_uri(DATABASE), "pg_url": sandbox.pg_url(DATABASE)}
        await load(**stores, records=records)
        reader = (sandbox.reader_mongodb_uri(DATABASE), sandbox.reader_pg_url(DATABASE))
        found = [await measured("drain of both stores", lambda: drain(*reader, records))]
        found.append(await measured("scan (streaming)", lambda: scan(*reader)))
        few = min(records, MOST_OBVIOUS)
        found.append(await measured(f"obvious loop, first {few:,}", lambda: obvious(*reader, few)))
        return found


async def scan(mongodb_uri: str, pg_url: str) -> int:
    """Reconciler's look at the whole entity; it must find nothing wrong."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {"MONGODB_URI": mongodb_uri, "PG_URL": pg_url}
        config = load_configuration(folder=Path("config"), environ=environ, overrides={"reports": folder})
        async with open_reports(config) as reports, open_stores(config) as stores:
            entity = config.system.entity("address")
            found = await looker(reports, stores).scan(entity, lambda _done, _total: None)
    if found.candidates or not found.complete:
        raise SystemExit(f"the scan found {len(found.candidates)} differences in equal data")
    return found.source_records + found.target_records


def table(records: int, measures: list[Measure]) -> str:
    """A Markdown table; the last column compares seconds a record with the drain of the same run."""
    base = measures[0]
    lines = [
        f"### {records:,} records on each side",
        "",
        "| what | records/s (both sides) | own CPU s | peak MB so far | time a record, drain = 1 |",
        "|---|---|---|---|---|",
    ]
    for one in measures:
        ratio = base.rate / one.rate
        lines.append(f"| {one.name} | {one.rate:,.0f} | {one.cpu:.1f} | {one.peak_mb:,.0f} | {ratio:.1f}x |")
    return "\n".join(lines)


def main() -> None:
    """Prints the machine, the date and a table a size."""
    sizes = [int(text) for text in sys.argv[1:]] or list(SIZES)
    python, machine = platform.python_version(), platform.machine()
    print(f"Python {python} on {platform.system()} {machine}, {datetime.now(UTC):%Y-%m-%d}\n")
    for records in sizes:
        print(table(records, asyncio.run(run(records))), "\n", flush=True)


main()
