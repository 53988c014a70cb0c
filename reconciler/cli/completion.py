"""The command `completion`: a script that lets a shell complete commands, options, words and domain names."""

import os
import sys

import click
from click.shell_completion import get_completion_class, shell_complete

PROGRAM = "reconciler"
ASKED = "_RECONCILER_COMPLETE"


@click.command(name="completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> int:
    """Print a script that makes SHELL complete commands, options and the names of your domains.

    \b
    Examples:
      reconciler completion bash >> ~/.bashrc
      reconciler completion zsh >> ~/.zshrc
      reconciler completion fish > ~/.config/fish/completions/reconciler.fish
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    made = get_completion_class(shell)
    if made is not None:
        click.echo(made(context.find_root().command, {}, PROGRAM, ASKED).source())
    return 0


def answer_shell(root: click.Group) -> None:
    """Where a shell asks what may follow, answers it and ends the process."""
    instruction = os.environ.get(ASKED)
    if instruction:
        sys.exit(shell_complete(root, {}, PROGRAM, ASKED, instruction))
