"""How far a run is: a bar on a terminal, a line every 30 seconds elsewhere; always on standard error."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from reconciler.core.wording import counted

EVERY = 30.0


class Talk(Protocol):
    """As `app.looks.Progress`, and remembers the run."""

    run_id: int | None

    def started(self, run_id: int) -> None:
        """The run has its id."""

    def entity(self, domain: str, entity: str) -> None:
        """A look at an entity begins."""

    def read(self, done: int, total: int) -> None:
        """So many records of both sides are read."""

    def settling(self, candidates: int) -> None:
        """So many differences are being re-read."""


class Silence:
    """Says nothing."""

    def __init__(self) -> None:
        """No run has begun."""
        self.run_id: int | None = None

    def started(self, run_id: int) -> None:
        """Remembers the run."""
        self.run_id = run_id

    def entity(self, domain: str, entity: str) -> None:
        """Heard."""

    def read(self, done: int, total: int) -> None:
        """Heard."""

    def settling(self, candidates: int) -> None:
        """Heard."""


class Bar(Silence):
    """A bar an entity, with rate and time left."""

    def __init__(self, progress: Progress) -> None:
        """`progress` is Rich's, started."""
        super().__init__()
        self._progress = progress
        self._task = progress.add_task("starting", total=None, rate="")
        self._began = time.monotonic()

    def entity(self, domain: str, entity: str) -> None:
        """Begins anew for the next entity."""
        self._began = time.monotonic()
        name = domain if domain == entity else f"{domain}.{entity}"
        self._progress.reset(self._task, description=name, total=None, rate="")

    def read(self, done: int, total: int) -> None:
        """Moves the bar."""
        rate = done / max(time.monotonic() - self._began, 1e-3)
        self._progress.update(self._task, completed=done, total=total or None, rate=f"{done:,} records, {rate:,.0f}/s")

    def settling(self, candidates: int) -> None:
        """Says that differences are waited for."""
        if candidates:
            self._progress.reset(
                self._task, description=f"re-reading {counted(candidates, 'difference')}", total=None, rate=""
            )


class Lines(Silence):
    """A line every 30 seconds."""

    def __init__(self) -> None:
        """Says nothing before the first 30 seconds are over."""
        super().__init__()
        self._name = ""
        self._said = time.monotonic()

    def entity(self, domain: str, entity: str) -> None:
        """Remembers the name."""
        self._name = domain if domain == entity else f"{domain}.{entity}"

    def read(self, done: int, total: int) -> None:
        """Says how far it is, now and then."""
        if time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            share = f" of {total:,} ({done / total:.0%})" if total else ""
            click.echo(f"{self._name}: {done:,}{share} records read", err=True)

    def settling(self, candidates: int) -> None:
        """Says that differences are waited for."""
        if candidates:
            click.echo(
                f"re-reading {counted(candidates, 'difference')} until they settle (up to a few minutes)", err=True
            )


@contextmanager
def progress_for(*, quiet: bool) -> Iterator[Talk]:
    """The way to talk that fits standard error."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield Lines()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bar(progress)
