"""The commands that keep the tool in order: `doctor`, `config`, `db`."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from reconciler.adapters.config.listing import listed_settings
from reconciler.adapters.config.schema import config_schema
from reconciler.adapters.config.values import parse_duration
from reconciler.adapters.config_files import Configuration
from reconciler.app.plan_guard import PlanGuard, PlanPolicy
from reconciler.app.ports import RecordReader, StoreHealth
from reconciler.cli.accepting import accept_command
from reconciler.cli.context import configuration, formats, print_json, run_async
from reconciler.cli.suggesting import Group
from reconciler.cli.terminal import say, table
from reconciler.core.checksum.words import KeyRange, anchored
from reconciler.core.rules import told
from reconciler.core.ruling import expired
from reconciler.core.spec import EntitySpec
from reconciler.core.versions import version_of
from reconciler.core.wording import counted
from reconciler.errors import (
    ConfigurationError,
    PlanRefused,
    ReconcilerError,
    StoreRefused,
    StoreUnavailable,
    UsageError,
)
from reconciler.wiring import Reports, notice_board, open_reports, open_stores, plan_policy

MOST_SKEW = 5.0
EVERY_KEY = KeyRange(after="0" * 24, until="f" * 24)
MARKS = {"ok": "✔", "warning": "!", "problem": "✖", "unreachable": "✖"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of doctor: `result` is ok, warning, problem or unreachable."""

    result: str
    about: str
    text: str


@click.command(name="doctor", epilog="Example: reconciler doctor")
@formats("text", "json")
def doctor_command(form: str) -> int:
    """Check configuration, report database, stores, rights, schema and clocks; nothing is changed.

    \b
    Exit codes: 0 all is well (warnings included), 2 something must be mended, 4 a store can't be reached.
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    findings = run_async(_examine(configuration()))
    if form == "json":
        print_json([asdict(finding) for finding in findings])
    else:
        say(table([(MARKS[one.result], one.about, one.text) for one in findings]))
        wrong = sum(one.result in ("problem", "unreachable") for one in findings)
        odd = sum(one.result == "warning" for one in findings)
        step = "mend what is marked ✖, then reconciler doctor" if wrong else "reconciler run"
        say(f"{counted(wrong, 'problem')}, {counted(odd, 'warning')}\nNext: {step}")
    results = {finding.result for finding in findings}
    return 4 if "unreachable" in results else 2 if "problem" in results else 0


async def _examine(config: Configuration) -> list[Finding]:
    """All findings."""
    system = config.system
    fields = sum(len(entity.fields) for domain in system.domains for entity in domain.entities)
    count = f"{len(system.domains)} domains, {len(system.comparable)} comparable, {fields} fields"
    found = [Finding(result="ok", about="config", text=f"{config.settings.config}: {count}, {config.digest[:19]}…")]
    found += [Finding(result="warning", about="rules", text=text) for text in _expired(config)]
    async with open_reports(config) as reports:
        wrong = await reports.store.check()
        found.append(
            Finding(
                result="problem" if wrong else "ok",
                about="reports",
                text="; ".join(wrong) or f"{config.settings.reports}: sound",
            )
        )
        found += await _channels(reports)
    try:
        async with open_stores(config) as stores:
            for name, reader in (("mongodb", stores.source), ("postgresql", stores.target)):
                found += await _store(name, reader, config)
    except (ConfigurationError, StoreRefused) as problem:
        found.append(Finding(result="problem", about="stores", text=str(problem)))
    return found


async def _channels(reports: Reports) -> list[Finding]:
    """What is to be said of each channel; none stops a run or moves a gate, so all of it is a warning."""
    found = []
    for one in await notice_board(reports).states():
        told = "nothing has arrived yet, `reconciler notify test` tries it" if one.untried else one.trouble
        text = f"{one.channel.name}: {told or 'nothing is wrong'}"
        found.append(Finding(result="ok" if one.well else "warning", about="notify", text=text))
    return found


async def _store(name: str, reader: RecordReader, config: Configuration) -> list[Finding]:
    """What is to be said of one store."""
    try:
        found = _health(name, await reader.health())
        for domain in config.system.comparable:
            for entity in domain.entities:
                lacks = [Finding(result="problem", about=name, text=text) for text in await reader.problems(entity)]
                found += lacks or await _indexes(name, reader, entity, plan_policy(config))
    except StoreRefused as problem:
        return [Finding(result="problem", about=name, text=str(problem))]
    except StoreUnavailable as problem:
        return [Finding(result="unreachable", about=name, text=str(problem))]
    return found


async def _indexes(name: str, reader: RecordReader, entity: EntitySpec, policy: PlanPolicy) -> list[Finding]:
    """Which indexes are missing, and whether scans are refused for that."""
    found = [Finding(result="warning", about=name, text=text) for text in await reader.hints(entity)]
    guard = PlanGuard(readers=(reader,), policy=policy)
    try:
        for asked in (None, EVERY_KEY) if anchored(entity) else (None,):
            found += [Finding(result="warning", about=name, text=text) for text in await guard.notes(entity, asked)]
    except PlanRefused as problem:
        found.append(Finding(result="problem", about=name, text=str(problem)))
    return found


def _health(name: str, health: StoreHealth) -> list[Finding]:
    """Version, rights, clock."""
    found = [Finding(result="ok", about=name, text=f"{health.version} {health.role}, {health.identity}")]
    if health.writable:
        text = f"the account can write ({', '.join(health.writable[:4])}); use one that can only read"
        found.append(Finding(result="warning", about=name, text=text))
    else:
        found.append(Finding(result="ok", about=name, text="the account can only read"))
    skewed = abs(health.clock_skew_seconds) > MOST_SKEW
    clock = f"clock {health.clock_skew_seconds * 1000:+,.0f} ms against this machine"
    found.append(Finding(result="problem" if skewed else "ok", about=name, text=clock))
    return [*found, *(Finding(result="warning", about=name, text=text) for text in health.problems)]


# -- config ------------------------------------------------------------------------------------------------------------


@click.group(name="config", cls=Group)
def config_command() -> None:
    """The configuration in force."""


config_command.add_command(accept_command)


@config_command.command(name="validate", epilog="Example: reconciler config validate")
def validate_config() -> int:
    """Read every file and report every mistake; exit 2 if there is one."""
    config = configuration()
    for warning in _expired(config):
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{config.settings.config}: {len(config.system.domains)} domains, no mistakes. {config.digest}")
    return 0


@config_command.command(name="schema", epilog="Example: reconciler config schema > schema.json")
def show_schema() -> int:
    """The JSON Schema of service.toml and of a domain's file."""
    click.echo(json.dumps(config_schema(), indent=1))
    return 0


@config_command.command(name="show", epilog="Example: reconciler config show --sources")
@click.option("--sources", is_flag=True, help="Where each value comes from: default, file, environment, flag.")
@formats("text", "json")
def show_config(sources: bool, form: str) -> int:  # noqa: FBT001 - click passes options by name
    """The settings in force, secrets left out, and the domains."""
    config = configuration()
    values = {one.key: one.value for one in listed_settings(config)}
    if form == "json":
        print_json(
            {
                "digest": config.digest,
                "settings": values,
                "domains": [_domain(one.name, config) for one in config.system.domains],
            }
            | ({"sources": dict(config.sources)} if sources else {})
        )
        return 0
    rows = [(key, str(value), config.sources.get(key, "") if sources else "") for key, value in values.items()]
    domains = [
        (one.name, one.flag or "—", ", ".join(entity.name for entity in one.entities) or one.not_comparable)
        for one in config.system.domains
    ]
    click.echo(
        f"{table(rows)}\n\n{table([('DOMAIN', 'FLAG', 'ENTITIES'), *domains])}\n{_rules(config)}\n{config.digest}"
    )
    return 0


def _rules(config: Configuration) -> str:
    """The declared rules as a table, nothing where there is none."""
    head = ("RULE", "FIELD", "OWNER", "UNTIL", "REASON")
    rows = [
        (rule.kind.value, f"{entity}.{rule.path}", rule.owner, str(rule.until or "no end"), rule.reason)
        for domain in config.system.domains
        for entity, rule in domain.rules
    ]
    return f"\n{table([head, *rows])}\n" if rows else ""


def _expired(config: Configuration) -> list[str]:
    """The rules that have expired by now, a sentence each."""
    now = datetime.now(UTC)
    return [
        f"{told(entity, rule)} expired after {rule.until}: remove it or give it another end"
        for domain in config.system.domains
        for entity, rule in expired(domain, now)
    ]


def _domain(name: str, config: Configuration) -> dict[str, object]:
    """A domain in a few words."""
    domain = config.system.domain(name)
    return {
        "domain": name,
        "flag": domain.flag,
        "entities": [entity.name for entity in domain.entities],
        "not_comparable": domain.not_comparable or None,
        "config_digest": domain.config_digest,
        "policy_digest": domain.policy_digest,
        "rules": [dict(rule) for rule in version_of(domain, datetime.now(UTC)).rules],
    }


# -- db ----------------------------------------------------------------------------------------------------------------


@click.group(name="db", cls=Group)
def db_command() -> None:
    """The report database."""


@asynccontextmanager
async def _reports() -> AsyncIterator[Reports]:
    """The reports in force; opening them applies what migrations are missing."""
    async with open_reports(configuration()) as reports:
        yield reports


@db_command.command(name="migrate", epilog="Example: reconciler db migrate")
def migrate() -> int:
    """Create the database, or bring its schema up to this version."""

    async def work() -> Path:
        async with _reports() as reports:
            return reports.configuration.settings.reports

    click.echo(f"{run_async(work())}: up to date")
    return 0


@db_command.command(name="check", epilog="Example: reconciler db check")
def check_db() -> int:
    """Check the database's integrity; exit 4 if it is not sound."""

    async def work() -> list[str]:
        async with _reports() as reports:
            return list(await reports.store.check())

    wrong = run_async(work())
    click.echo("\n".join(wrong) or "sound")
    return 4 if wrong else 0


@db_command.command(name="backup", epilog="Example: reconciler db backup /backup/reconciler.db")
@click.argument("target", type=click.Path(path_type=Path), metavar="FILE")
def backup(target: Path) -> int:
    """Copy the database, whole and consistent, to a new file that only you can read."""

    async def work() -> None:
        async with _reports() as reports:
            await reports.store.backup(target)

    run_async(work())
    click.echo(f"{target}: written")
    return 0


@db_command.command(name="prune", epilog="Example: reconciler db prune --older-than 180d")
@click.option("--older-than", required=True, metavar="DURATION", help="For example 180d.")
def prune(older_than: str) -> int:
    """Remove runs and settled differences older than this; what a gate may still look at stays."""
    try:
        age = parse_duration(older_than)
    except (ValueError, ReconcilerError):
        raise UsageError("--older-than", expected="a number with ms, s, m, h or d", got=older_than) from None

    async def work() -> tuple[int, int]:
        async with _reports() as reports:
            now = datetime.now(UTC)
            pruned = await reports.store.prune(older_than=now - age, at=now)
            return pruned.runs, pruned.diffs

    runs, diffs = run_async(work())
    click.echo(f"{runs:,} runs and {diffs:,} differences removed")
    return 0
