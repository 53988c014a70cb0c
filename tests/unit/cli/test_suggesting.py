"""What was meant by a typo, what help shows, and what a shell may complete; nothing is opened for it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from reconciler.cli.main import COMMANDS, SECTIONS, root

pytestmark = pytest.mark.unit


def refusal(*arguments: str) -> str:
    with pytest.raises(click.UsageError) as refused:
        root.main(args=list(arguments), prog_name="reconciler", standalone_mode=False)
    return refused.value.format_message()


@pytest.mark.parametrize(
    ("arguments", "guess"),
    [
        (("gaet",), "Did you mean `gate`?"),
        (("runs", "lsit"), "Did you mean `list`?"),
        (("db", "bakcup"), "Did you mean `backup`?"),
        (("gate", "--formt", "json"), "Did you mean --format?"),
        (("gate", "--format", "jsn"), "Did you mean `json`?"),
        (("run", "--mode", "scna"), "Did you mean `scan`?"),
        (("diffs", "list", "--state", "confirmd"), "Did you mean `confirmed`?"),
    ],
)
def test_a_typo_is_guessed_at(arguments: Sequence[str], guess: str) -> None:
    told = refusal(*arguments)
    assert guess in told or guess.replace("--format", "'--format'") in told


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


@pytest.mark.parametrize(("name", "command"), list(commands(root)), ids=lambda one: one if isinstance(one, str) else "")
def test_every_command_shows_an_example_of_itself(name: str, command: click.Command) -> None:
    shown = command.get_help(click.Context(command, info_name=f"reconciler {name}"))
    example = shown.partition("Example")[2]
    assert f"reconciler {name}" in example


def test_every_command_stands_in_one_section() -> None:
    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(COMMANDS)


def completed(*typed: str) -> list[str]:
    return [
        one.value for one in ShellComplete(root, {}, "reconciler", "_X").get_completions(list(typed[:-1]), typed[-1])
    ]


@pytest.fixture
def two_domains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "domains").mkdir()
    for name in ("address", "auth"):
        (tmp_path / "domains" / f"{name}.toml").write_text("not read")
    monkeypatch.setenv("RECONCILER_CONFIG", str(tmp_path))


@pytest.mark.usefixtures("two_domains")
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (("re",), ["request", "reject", "revoke", "rehearse", "report"]),
        (("runs", ""), ["list", "show", "compare"]),
        (("gate", "a"), ["address", "auth"]),
        (("gate", "auth", "ad"), ["address"]),
        (("run", "--mode", ""), ["sample", "scan", "keys"]),
        (("gate", "--req"), ["--require"]),
        (("diffs", "list", "--domain", "au"), ["auth"]),
        (("check", "add"), ["address"]),
    ],
)
def test_a_shell_completes(typed: Sequence[str], found: list[str]) -> None:
    assert sorted(completed(*typed)) == sorted(found)
