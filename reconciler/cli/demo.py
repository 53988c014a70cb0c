"""The command `demo`: embedded stores, a seeded marketplace with planted faults, some history, runs, the dashboard."""

import asyncio
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click

from reconciler.adapters.clock import ShiftedClock
from reconciler.adapters.config_files import Configuration, load_configuration
from reconciler.app.looks import RunRequest
from reconciler.app.ports import StoredRun
from reconciler.cli.context import run_async
from reconciler.cli.progress import Silence, progress_for
from reconciler.cli.running import exit_code
from reconciler.cli.serving import require_free, serving
from reconciler.cli.terminal import say
from reconciler.cli.texts import run_text
from reconciler.core.access import Actor, Means, Role
from reconciler.core.gate_values import GateVerdict
from reconciler.core.model import Mode
from reconciler.errors import ConfigurationError
from reconciler.sandbox.faults import faults_of
from reconciler.sandbox.marketplace import DEFAULT_RECORDS, fill
from reconciler.sandbox.planting import plant
from reconciler.sandbox.servers import Sandbox
from reconciler.wiring import Reports, open_reports, open_stores, runs

DATABASE = "shop"
SEED = 7
DAYS_OF_HISTORY = (3, 2, 1)
ACTOR = Actor(name="demo", role=Role.ADMIN, means=Means.SERVICE)
PACKAGE = Path(__file__).resolve().parents[1]
PLACES = (Path("config"), PACKAGE.parent / "config", PACKAGE / "bundled")
APPROVED = ("config",)
STOPPED = "the servers that the demo started are stopped"
FAULTY = ("address", "shop_settings", "review", "marketplace", "payment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """One demo: where it lies and how it is configured."""

    sandbox: Sandbox
    configuration: Configuration

    @property
    def writers(self) -> dict[str, str]:
        """The accounts that may write, for filling."""
        return {
            "mongodb_uri": self.sandbox.mongodb_uri(DATABASE),
            "pg_url": self.sandbox.pg_url(DATABASE),
            "database": DATABASE,
        }


@click.command(name="demo", epilog="Example: reconciler demo --port 9000 --records 50000")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port of the dashboard; 0 takes a free one.",
)
@click.option(
    "--records",
    type=click.IntRange(min=1500),
    default=DEFAULT_RECORDS,
    show_default=True,
    help="About so many records in the marketplace.",
)
@click.option("--no-serve", is_flag=True, help="Stop after the run, with its exit code.")
def demo_command(port: int, records: int, no_serve: bool) -> int:  # noqa: FBT001 - click passes options by name
    """Start embedded stores with a seeded marketplace and planted faults, compare them, serve the dashboard.

    Nothing outside a temporary folder is touched; Ctrl-C stops the servers that this command started, and only those.
    """
    work = _demo(port=port, records=records, serve=not no_serve)
    return run_async(work, next_step=lambda: f"{STOPPED}; `reconciler demo` starts new ones")


async def _demo(*, port: int, records: int, serve: bool) -> int:
    """From nothing to a dashboard."""
    if serve:
        require_free(port)
    _say("starting MongoDB and PostgreSQL …")
    async with Sandbox.start() as sandbox:
        await sandbox.create_databases(DATABASE)
        demo = Demo(sandbox=sandbox, configuration=_configuration(sandbox, port))
        _say(f"filling both with about {records:,} records …")
        summary = await fill(**demo.writers, seed=SEED, records=records)
        _say(
            f"{summary.records:,} records in {len(summary.collections)} collections and {len(summary.tables)} tables; "
            "a few nightly scans …"
        )
        for days in DAYS_OF_HISTORY:
            await _run(demo, Mode.SCAN, trigger="demo, backdated", days=days)
        _say(f"planting {len(faults_of(FAULTY))} kinds of faults, then the scan that finds them …")
        await plant(**demo.writers, domains=FAULTY)
        run = await _run(demo, Mode.SCAN, trigger="demo")
        async with open_reports(demo.configuration) as reports:
            await _decide(reports)
            code = exit_code(run)
            gates = await reports.verdicts.gates([domain.domain for domain in run.domains])
            say(run_text(run, await reports.store.clusters(run=run.id), gates, code=code))
            if serve:
                await _serve(reports, demo)
        return code


def _configuration(sandbox: Sandbox, port: int) -> Configuration:
    """The configuration here, or the bundled one, on the sandbox's stores; differences confirm quickly."""
    folder = next((place for place in PLACES if (place / "service.toml").is_file()), None)
    if folder is None:
        raise ConfigurationError(("config: expected a folder `config` here, as the repository has it, got none",))
    stores = {"MONGODB_URI": sandbox.reader_mongodb_uri(DATABASE), "PG_URL": sandbox.reader_pg_url(DATABASE)}
    pace = {
        "runs.confirm_after": "2s",
        "server.port": port,
        "reports": sandbox.folder / "reports",
        "dashboard.title": "Reconciler demo",
    }
    return load_configuration(folder=folder, environ=stores, overrides=pace)


async def _run(demo: Demo, mode: Mode, *, trigger: str, days: int = 0) -> StoredRun:
    """A run of every comparable domain, some days ago by its clock."""
    config = demo.configuration
    clock = ShiftedClock(-timedelta(days=days))
    async with open_reports(config, clock=clock) as reports, open_stores(config) as stores:
        request = RunRequest(domains=config.system.comparable, mode=mode, trigger=trigger)
        if days:
            return await runs(reports, stores).run(request, Silence())
        with progress_for(quiet=False) as progress:
            return await runs(reports, stores).run(request, progress)


async def _decide(reports: Reports) -> None:
    """Rehearsals for every flagged domain, an approval where one is due."""
    for domain in reports.configuration.system.comparable:
        if domain.flip:
            await reports.approvals.rehearse(domain.name, minutes=4, actor=ACTOR, comment="rolled back in the sandbox")
    for name in APPROVED:
        gate = await reports.verdicts.gate(name)
        if gate.verdict is GateVerdict.READY and gate.evidence_digest:
            await reports.approvals.approve(
                name, evidence_digest=gate.evidence_digest, actor=ACTOR, comment="clean for three nights"
            )


async def _serve(reports: Reports, demo: Demo) -> None:
    """Serves until Ctrl-C; another terminal finds the stores through a file."""
    settings = demo.sandbox.folder / "demo.env"
    stores = demo.configuration.settings.store_addresses()
    lines = {
        "MONGODB_URI": stores[0].get_secret_value(),
        "PG_URL": stores[1].get_secret_value(),
        "RECONCILER_REPORTS": str(demo.configuration.settings.reports),
        "RECONCILER_RUNS__CONFIRM_AFTER": "2s",
    }
    settings.touch(mode=0o600)
    settings.write_text("".join(f"{name}='{value}'\n" for name, value in lines.items()), encoding="utf-8")
    async with serving(reports, scheduled=True) as address:
        click.echo(
            f"\nDashboard: {address}\n"
            f"Command line, from another terminal: set -a; . {settings}; set +a; reconciler gate\n"
            "Ctrl-C stops everything."
        )
        sys.stdout.flush()
        await asyncio.Event().wait()


def _say(text: str) -> None:
    """A line on standard error."""
    click.echo(text, err=True)
