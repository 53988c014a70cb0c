"""What every command shares: the configuration in force, an event loop that heeds signals, output formats."""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from reconciler.adapters.config_files import Configuration, load_configuration
from reconciler.cli.suggesting import Word, meant
from reconciler.core.access import Actor, Means, Role
from reconciler.errors import Interrupted, UsageError

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])


def formats(*names: str) -> Callable[[Command], Command]:
    """The option `--format`, the first name being the default."""
    return click.option(
        "--format",
        "form",
        type=Word(names),
        default=names[0],
        show_default=True,
        help="How to print the answer.",
    )


def configuration(**flags: object) -> Configuration:
    """The configuration from files, environment and these flags (dotted keys with `__`)."""
    overrides = {name.replace("__", "."): value for name, value in flags.items()}
    folder = Path(os.environ.get("RECONCILER_CONFIG") or "config")
    return load_configuration(folder=folder, environ=os.environ, overrides=overrides)


def give_the_command_again() -> str:
    """What to tell whoever stopped a command that keeps nothing."""
    return "give the command again"


def run_async(work: Coroutine[Any, Any, T], *, next_step: Callable[[], str] = give_the_command_again) -> T:
    """Runs to the end; SIGINT and SIGTERM cancel the work, which saves what it has, and end in Interrupted.

    `next_step` is what to tell whoever stopped it.
    """
    return asyncio.run(_heeding(work, next_step))


async def _heeding(work: Coroutine[Any, Any, T], next_step: Callable[[], str]) -> T:
    """Cancels the work at the first signal."""
    task = asyncio.ensure_future(work)
    heard: list[int] = []
    loop = asyncio.get_running_loop()

    def heed(number: int) -> None:
        heard.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, heed, number)
    try:
        return await task
    except asyncio.CancelledError:
        if heard:
            raise Interrupted(signal_number=heard[0], next_step=next_step()) from None
        raise


def actor() -> Actor:
    """Who gives the command: the account of this machine, as it could write the report database by hand."""
    name = os.environ.get("SUDO_USER") or os.environ.get("USER") or os.environ.get("LOGNAME") or f"uid {os.getuid()}"
    return Actor(name=name, role=Role.ADMIN, means=Means.ACCOUNT)


def print_json(value: object) -> None:
    """A value as JSON on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def print_jsonl(values: Iterable[object]) -> None:
    """A value a line."""
    for value in values:
        click.echo(json.dumps(value, ensure_ascii=False))


def known_domains(config: Configuration, names: Iterable[str]) -> None:
    """Refuses names that are no domain."""
    known = {domain.name for domain in config.system.domains}
    strangers = [name for name in names if name not in known]
    if strangers:
        guess = meant(strangers[0], known).strip()
        raise UsageError(
            f"no domain {', '.join(strangers)}",
            expected=f"one of {', '.join(sorted(known))}",
            got=", ".join(strangers),
            next_step=guess[:1].lower() + guess[1:] if guess else "`reconciler config show` lists them",
        )


def known_where_nothing_is(found: Sequence[object], domain: str | None) -> None:
    """Refuses a name that is no domain where nothing was found for it; what a domain of old left behind is shown."""
    if domain is not None and not found:
        known_domains(configuration(), [domain])
