"""The entry point: the commands by name, loaded when they are asked for, and every ending mapped to its exit code."""

import gc
import importlib
import os
import signal
import sys
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from reconciler import __version__
from reconciler.cli.completion import answer_shell
from reconciler.cli.suggesting import Group
from reconciler.errors import Interrupted, ReconcilerError

COMMANDS = {
    "init": ("init", "Write a first configuration, guessed from both live schemas"),
    "run": ("running", "Compare domains now: sample, scan or keys"),
    "check": ("running", "Compare one record now"),
    "runs": ("lists", "Past runs: list, show, compare"),
    "diffs": ("lists", "Differences found: list, show, export"),
    "clusters": ("lists", "Differences by their cause: list, show"),
    "gate": ("gating", "Whether domains may flip, and why"),
    "request": ("gates", "Ask for an approval"),
    "approve": ("gates", "Approve a flip on the evidence shown"),
    "reject": ("gates", "Reject a flip"),
    "revoke": ("gates", "Take back an approval"),
    "waive": ("waiving", "Set a check aside: one person asks, a second one confirms"),
    "rehearse": ("gates", "Record a rehearsal of the rollback plan"),
    "token": ("tokens", "Access tokens: create, list, revoke"),
    "plan": ("plan", "The order of the cutover: show, mark, unmark"),
    "report": ("report", "The record of a domain, to be signed and filed"),
    "audit": ("auditing", "Who did what: list, verify, export"),
    "notify": ("notify", "The channels that are told: list, log, test, retry"),
    "doctor": ("upkeep", "Check configuration, stores, rights, clocks"),
    "config": ("upkeep", "The configuration in force: show, validate, schema, accept"),
    "db": ("upkeep", "The report database: migrate, check, backup, prune"),
    "schedule": ("schedule", "What runs by itself, when, and what is paused"),
    "serve": ("serving", "Dashboard, API and scheduled runs"),
    "completion": ("completion", "Completion for bash, zsh and fish"),
    "demo": ("demo", "Embedded stores with a seeded marketplace, compared and served"),
}
SECTIONS = {
    "Begin": ("demo", "init", "doctor", "config", "completion"),
    "Compare": ("run", "check", "schedule", "serve"),
    "Look": ("runs", "diffs", "clusters"),
    "Decide": ("gate", "request", "approve", "reject", "revoke", "waive", "rehearse", "plan"),
    "Keep": ("report", "audit", "notify", "token", "db"),
}
INTERNAL_ERROR = 4
RARELY = (400_000, 20, 100)  # a scan makes millions of short-lived values and no cycles


class Commands(Group):
    """The commands, each in a module that is imported when it is called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"reconciler.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def shell_complete(self, _ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands that begin so, without importing one."""
        return [CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands by what they are for, without importing one."""
        widest = max(map(len, COMMANDS))
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(widest), COMMANDS[name][1]) for name in names])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="reconciler")
def root() -> None:
    """Decide whether reads may flip from MongoDB to PostgreSQL: compare both stores, keep the evidence, gate the flip.

    Data goes to standard output, talk and progress to standard error. MONGODB_URI and PG_URL name the stores; the
    configuration is read from the folder RECONCILER_CONFIG (default `config`), reports are kept in RECONCILER_REPORTS
    (default `reports`).

    \b
    Examples:
      reconciler demo
      reconciler run address --gate
      reconciler gate address --require go
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process with the code that the contract gives; 4 for what nobody foresaw."""
    gc.freeze()
    gc.set_threshold(*RARELY)
    answer_shell(root)
    try:
        code = root.main(
            args=None if arguments is None else list(arguments), prog_name="reconciler", standalone_mode=False
        )
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    except click.Abort:
        code = 128 + signal.SIGINT
    except click.ClickException as problem:
        problem.show()
        code = 2
    except Interrupted as problem:
        click.echo(f"\n{problem}", err=True)
        code = 128 + problem.signal_number
    except ReconcilerError as problem:
        say_error(problem)
        code = problem.exit_code
    except SystemExit:
        code = _nobody_reads()  # click ends so, with code 1, when the pipe it writes to is closed
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except Exception as problem:  # noqa: BLE001 - the last line of defence: a crash is exit 4, and its text may carry values
        click.echo(f"error: {_unforeseen(problem)}", err=True)
        code = INTERNAL_ERROR
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = _nobody_reads()
    sys.exit(code if isinstance(code, int) else 0)


def _nobody_reads() -> int:
    """The code of an answer that could not be given; what is left of it goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return INTERNAL_ERROR


def _unforeseen(problem: Exception) -> str:
    """A crash in words: its class and where in our code it came up, never its text, which may carry values."""
    place = ""
    trace = problem.__traceback__
    while trace is not None:
        if "reconciler" in trace.tb_frame.f_code.co_filename:
            place = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
        trace = trace.tb_next
    where = place or "an unknown place"
    return f"internal error {type(problem).__name__} at {where}. Next: report it with the command you ran"


def say_error(problem: ReconcilerError) -> None:
    """An error on standard error."""
    click.echo(f"error: {problem}", err=True)
