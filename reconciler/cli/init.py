"""The command `init`: writes a first configuration, from nothing or as far as both live schemas tell."""

import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.adapters.config.layers import environment_layer
from reconciler.adapters.config_files import DOMAINS, SERVICE_FILE, load_configuration
from reconciler.adapters.mongo.connection import connect
from reconciler.adapters.mongo.sampling_schema import MongoSchema
from reconciler.adapters.postgres.connection import Connector, Limits
from reconciler.adapters.postgres.schema_facts import PostgresSchema
from reconciler.adapters.settings import Settings, read_settings
from reconciler.app.drafting.survey import Survey
from reconciler.cli.context import run_async
from reconciler.core.drafting.draft import Draft
from reconciler.core.drafting.templates import EXAMPLE, EXAMPLE_FILE, service_text
from reconciler.core.drafting.writing import domain_files, left_tables
from reconciler.errors import ConfigurationError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """The files of a configuration, by name: service.toml, and those of the domains."""

    service: str
    domains: Mapping[str, str]


@click.command(name="init")
@click.option("--from-sources", is_flag=True, help="Guess domains from MONGODB_URI and PG_URL; both are only read.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("config"),
    show_default=True,
    help="Folder to write to.",
)
@click.option(
    "--sample",
    type=click.IntRange(1, 10_000),
    default=500,
    show_default=True,
    help="Documents of each collection to look at.",
)
@click.option("--force", is_flag=True, help="Write although there is a configuration; what is there is set aside.")
def init_command(from_sources: bool, output: Path, sample: int, force: bool) -> int:  # noqa: FBT001 - click passes options by name
    """Write a first configuration: commented settings, and domains as far as both live schemas tell.

    Everything that is unsure is marked `# unsure:` with the reason. Values that are read while guessing are written
    nowhere.

    \b
    Exit codes: 0 written, 2 the folder holds a configuration or what was written needs your hand, 4 a store can't be
      reached.
    \b
    Examples:
      reconciler init
      reconciler init --from-sources --output config
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    _require_room(output, force=force)
    texts = run_async(_guessed(sample)) if from_sources else _example()
    written = _write(output, texts)
    for path in written:
        click.echo(str(path))
    return _checked(output, texts)


def _example() -> Texts:
    """Settings with their defaults, and one domain to begin with."""
    settings = _settings()
    service = service_text(allowed_hosts=settings.stores.allowed_hosts, gaps_table="")
    return Texts(service=service, domains={EXAMPLE_FILE: EXAMPLE})


async def _guessed(sample: int) -> Texts:
    """Settings and domains from both stores."""
    settings = _settings()
    draft = await _draft(settings, sample)
    hosts = settings.stores.allowed_hosts
    service = service_text(allowed_hosts=hosts, gaps_table=draft.gaps_table) + left_tables(draft)
    return Texts(service=service, domains=domain_files(draft) or {EXAMPLE_FILE: EXAMPLE})


def _settings() -> Settings:
    """The settings that the environment gives, where there are no files yet."""
    problems: list[str] = []
    layers = [environment_layer(os.environ, problems)]
    folder = Path("config")
    settings = read_settings(config=folder, reports=folder, environ=os.environ, layers=layers, problems=problems)
    if problems:
        raise ConfigurationError(tuple(problems))
    return settings


async def _draft(settings: Settings, sample: int) -> Draft:
    """What both stores suggest."""
    mongodb_uri, pg_url = settings.store_addresses()
    timeout_ms = int(settings.runs.statement_timeout.total_seconds() * 1000)
    hosts, writable = settings.stores.allowed_hosts, settings.stores.allow_writable_credentials
    async with AsyncExitStack() as stack:
        client, address = await stack.enter_async_context(
            connect(mongodb_uri.get_secret_value(), allowed_hosts=hosts, timeout_ms=timeout_ms)
        )
        source = MongoSchema(client, address, max_time_ms=timeout_ms, allow_writable=writable, allowed_hosts=hosts)
        limits = Limits(statement_timeout_ms=timeout_ms)
        connector = Connector(pg_url.get_secret_value(), allowed_hosts=hosts, limits=limits)
        target = PostgresSchema(connector, allow_writable=writable)
        return await Survey(source=source, target=target, sample=sample, say=_say).draft()


def _require_room(folder: Path, *, force: bool) -> None:
    """Refuses a folder that holds anything, unless it may be set aside."""
    if force or not folder.exists() or not any(folder.iterdir()):
        return
    raise UsageError(
        f"folder {folder}",
        expected="an empty folder, or none yet",
        got="one that holds files",
        next_step="name another with --output, or set aside what is there with --force",
    )


def _write(folder: Path, texts: Texts) -> list[Path]:
    """Writes all files; settings and domains that are there are set aside under hidden names, never lost."""
    domains = folder / DOMAINS
    domains.mkdir(parents=True, exist_ok=True)
    for path in (folder / SERVICE_FILE, *sorted(domains.glob("*.toml"))):
        if path.exists() and not path.name.startswith("."):
            _set_aside(path)
    files = {folder / SERVICE_FILE: texts.service} | {domains / name: text for name, text in texts.domains.items()}
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return list(files)


def _set_aside(path: Path) -> None:
    """Renames a file to `.<name>.before-<number>`, which nothing reads."""
    number = 1
    while (aside := path.with_name(f".{path.name}.before-{number}")).exists():
        number += 1
    path.rename(aside)
    _say(f"{path}: set aside as {aside.name}")


def _checked(folder: Path, texts: Texts) -> int:
    """Reads back what was written, and says what comes next."""
    config = load_configuration(folder=folder, environ=os.environ)
    unsure = sum(line.startswith("# unsure:") for text in texts.domains.values() for line in text.splitlines())
    domains = config.system.domains
    _say(
        f"{len(domains)} domains, {len(config.system.comparable)} comparable; {unsure} places are marked `# unsure:`."
        f" Next: look through {folder}, then `RECONCILER_CONFIG={folder} reconciler doctor`, then `reconciler run`"
    )
    return 0


def _say(text: str) -> None:
    """A line on standard error."""
    click.echo(text, err=True)
