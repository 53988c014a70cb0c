"""The commands about the audit log: `audit list`, `audit verify`, `audit export`."""

from collections.abc import Sequence
from pathlib import Path

import click

from reconciler.app.documents import chain_document, entry_document
from reconciler.app.ports import AuditFilter
from reconciler.cli.context import configuration, formats, print_json, print_jsonl, run_async
from reconciler.cli.suggesting import Group, Word, domain_names
from reconciler.cli.terminal import say, table
from reconciler.cli.texts import when
from reconciler.core.audit import AuditAction, AuditEntry, Chain
from reconciler.wiring import open_reports, prove_copy

PAGE = 1000


@click.group(name="audit", cls=Group)
def audit_command() -> None:
    """The audit log: who did what, when, on which evidence; each entry is chained to the one before it."""


@audit_command.command(name="list", epilog="Example: reconciler audit list --domain address --action approve")
@click.option("--domain", default=None, help="Only entries about this domain.", shell_complete=domain_names)
@click.option("--actor", default=None, help="Only entries of this person or machine.")
@click.option("--action", "actions", type=Word([one.value for one in AuditAction]), multiple=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@formats("text", "json", "jsonl")
def list_entries(domain: str | None, actor: str | None, actions: Sequence[str], limit: int, form: str) -> int:
    """Entries, newest first."""
    wanted = AuditFilter(
        domain=domain,
        actor=actor,
        actions=tuple(AuditAction(action) for action in actions),
        newest_first=True,
        limit=limit,
    )
    found = run_async(_entries(wanted))
    documents = [entry_document(entry) for entry in found]
    if form == "text":
        say(_text(found))
    elif form == "json":
        print_json(documents)
    else:
        print_jsonl(documents)
    return 0


async def _entries(wanted: AuditFilter) -> Sequence[AuditEntry]:
    """The entries that fit."""
    async with open_reports(configuration()) as reports:
        return await reports.store.audit(wanted)


@audit_command.command(name="verify")
@click.option(
    "--file",
    "copy",
    type=click.Path(path_type=Path),
    default=None,
    help="A copy instead: an export, or a report database.",
)
@formats("text", "json")
def verify(copy: Path | None, form: str) -> int:
    """Prove that every entry is where and what it was when it was written.

    \b
    Exit codes: 0 the chain is intact, 1 it is broken.
    \b
    Examples:
      reconciler audit verify
      reconciler audit verify --file audit.jsonl
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    chain = run_async(_chain()) if copy is None else prove_copy(copy)
    if form == "json":
        print_json(chain_document(chain))
    else:
        click.echo(f"{chain.told}, head {chain.head}")
    return 0 if chain.intact else 1


async def _chain() -> Chain:
    """The whole chain, proved."""
    async with open_reports(configuration()) as reports:
        return await reports.store.audit_chain(full=True)


@audit_command.command(name="export", epilog="Example: reconciler audit export > audit.jsonl")
def export() -> int:
    """Print every entry, one a line as JSON, oldest first; `audit verify --file` proves it wherever it is kept.

    \b
    Exit codes: 0 the chain is intact, 1 it is broken.
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    chain = run_async(_export())
    click.echo(f"{chain.told}, head {chain.head}", err=True)
    return 0 if chain.intact else 1


async def _export() -> Chain:
    """Prints the log page by page, and proves it."""
    async with open_reports(configuration()) as reports:
        after = 0
        while page := await reports.store.audit(AuditFilter(after=after, limit=PAGE)):
            print_jsonl(entry_document(entry) for entry in page)
            after = page[-1].number
        return await reports.store.audit_chain(full=True)


def _text(entries: Sequence[AuditEntry]) -> str:
    """Entries, a line each."""
    if not entries:
        return "Nothing fits."
    rows = [("NO", "WHEN", "WHO", "SIGNED IN", "ACT", "DOMAIN", "VERDICT", "COMMENT")]
    for entry in entries:
        act = entry.act
        signed = f"{act.actor.role.value} by {act.actor.means.value}"
        told = (when(act.at), act.actor.name, signed, act.action.value, act.domain, act.verdict, act.comment)
        rows.append((str(entry.number), *told))
    return f"{table(rows)}\nNext: reconciler audit verify"
