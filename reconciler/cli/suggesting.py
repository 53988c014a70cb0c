"""Commands, words and domain names that are guessed at: what was meant by a typo, and what a shell may complete."""

import difflib
import os
from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem


def meant(name: str, known: Iterable[str]) -> str:
    """` Did you mean …?` where one of the names is close, else nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean `{close[0]}`?" if close else ""


class Group(click.Group):
    """A group of commands that guesses at what was meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a guess; asked for completions it does not guess."""
        name, known = (args[0] if args else ""), self.list_commands(ctx)
        if name and name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            path = ctx.command_path
            raise click.UsageError(f"no command `{name}` in `{path}`.{meant(name, known)} See `{path} --help`.", ctx)
        return super().resolve_command(ctx, args)


class Word(click.Choice[str]):
    """One of several words, with a guess at what was meant."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word; a usage error with all there are."""
        known = [str(one) for one in self.choices]
        if value not in known:
            self.fail(f"{value!r} is not one of {', '.join(known)}.{meant(value, known)}", param, ctx)
        return super().convert(value, param, ctx)


def domain_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The domains that begin so, by the names of their files: neither a store nor a report is opened for them."""
    folder = Path(os.environ.get("RECONCILER_CONFIG") or "config") / "domains"
    return [CompletionItem(path.stem) for path in sorted(folder.glob("*.toml")) if path.stem.startswith(incomplete)]
