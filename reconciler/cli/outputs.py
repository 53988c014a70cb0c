"""The option `--output`: one answer in several formats at once, each to its file, and GitHub's summary of a step."""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from reconciler.adapters.answer_files import append_answer, require_writable, write_answer
from reconciler.cli.terminal import say
from reconciler.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])
Renderers = Mapping[str, Callable[[], str]]
SUFFIXES: Final = {
    ".csv": "csv",
    ".html": "html",
    ".json": "json",
    ".jsonl": "jsonl",
    ".jwt": "jwt",
    ".md": "markdown",
    ".txt": "text",
    ".xml": "junit",
}
SUMMARY: Final = "GITHUB_STEP_SUMMARY"
LARGEST_SUMMARY: Final = 1_000_000
SAMPLED: Final = frozenset({"junit", "markdown", "github", "html"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A file and the format that it gets."""

    form: str
    path: Path


def outputs(command: Command) -> Command:
    """The option `--output`, which may be repeated."""
    option = click.option(
        "--output",
        "wanted",
        multiple=True,
        metavar="[FORMAT:]PATH",
        help="Also write the answer to a file, its format told by name or suffix; may be repeated.",
    )
    return option(command)


def parsed(wanted: Iterable[str], *, forms: Sequence[str]) -> tuple[Output, ...]:
    """What was asked for, each place found writable; UsageError for a format unknown, OutputRefused for a place."""
    found = tuple(_parsed(text, forms) for text in wanted)
    for one in found:
        require_writable(one.path)
    return found


def sampled(form: str, wanted: Iterable[Output]) -> bool:
    """Whether one of the formats shows samples of what differs."""
    return not SAMPLED.isdisjoint({form, *(one.form for one in wanted)})


def _parsed(text: str, forms: Sequence[str]) -> Output:
    """`FORMAT:PATH`, or a path whose suffix tells the format."""
    name, colon, rest = text.partition(":")
    if colon and rest and name in forms:
        return Output(form=name, path=Path(rest))
    form = SUFFIXES.get(Path(text).suffix.lower(), "")
    if form not in forms:
        suffixes = ", ".join(suffix for suffix, known in SUFFIXES.items() if known in forms)
        raise UsageError(
            f"--output {text}",
            expected=f"a file that ends in {suffixes}, or FORMAT:PATH with one of {', '.join(forms)}",
            got=f"the ending {Path(text).suffix or 'none'}",
        )
    return Output(form=form, path=Path(text))


def give(form: str, wanted: Iterable[Output], renderers: Renderers) -> None:
    """Prints the answer, then writes every file."""
    text = printable(_ended(renderers[form]()))
    if form == "text":
        say(text.removesuffix("\n"))
    else:
        click.echo(text, nl=False)
    for one in wanted:
        write_answer(one.path, _ended(renderers[one.form]()))


def _ended(text: str) -> str:
    """The text, with its last line ended."""
    return text if text.endswith("\n") or not text else f"{text}\n"


def printable(text: str) -> str:
    """The text with halves of surrogate pairs spelled out, as JSON spells them."""
    return text.encode("utf-8", "backslashreplace").decode()


def json_text(value: object) -> str:
    """A value as JSON."""
    return json.dumps(value, ensure_ascii=False, indent=1)


def jsonl_text(values: Iterable[object]) -> str:
    """A value a line."""
    return "\n".join(json.dumps(value, ensure_ascii=False) for value in values)


def summarize(markdown: Callable[[int], str]) -> None:
    """Adds Markdown to the summary of a GitHub step, where there is one; it is given the bytes that are left."""
    name = os.environ.get(SUMMARY)
    if not name:
        return
    path = Path(name)
    room = LARGEST_SUMMARY - (path.stat().st_size if path.is_file() else 0)
    text = markdown(room)
    if len(text.encode("utf-8", "backslashreplace")) <= room:
        append_answer(path, text)
