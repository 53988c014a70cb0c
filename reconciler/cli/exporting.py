"""The command `diffs export`: differences to a file as they are read, so that a million cost no memory."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import click

from reconciler.adapters.answer_files import answer_file
from reconciler.app.documents import diff_document
from reconciler.app.ports import DiffFilter, StoredDiff
from reconciler.app.renderings.tables import DIFFS, KEYS, diff_rows, key_line, key_rows, lines
from reconciler.cli.acting import acting
from reconciler.cli.context import configuration, known_domains, run_async
from reconciler.cli.outputs import parsed
from reconciler.cli.suggesting import Word, domain_names
from reconciler.core.access import Right
from reconciler.core.audit import Act, AuditAction
from reconciler.core.model import OPEN_STATES, DiffState
from reconciler.wiring import open_reports

FORMS = ("csv", "jsonl", "json")


@click.command(name="export")
@click.option(
    "--run", "run_id", type=int, default=None, help="As this run saw them; without it, as they were last seen."
)
@click.option("--domain", default=None, shell_complete=domain_names)
@click.option("--entity", default=None)
@click.option("--state", "states", type=Word([state.value for state in DiffState]), multiple=True)
@click.option("--cluster", default=None, metavar="K-N")
@click.option("--output", "place", required=True, metavar="[FORMAT:]PATH", help="Where to: csv, jsonl or json.")
def export_command(
    run_id: int | None,
    domain: str | None,
    entity: str | None,
    states: tuple[str, ...],
    cluster: str | None,
    place: str,
) -> int:
    """Write differences to a file, masked as they are stored; that they were exported is in the audit log.

    \b
    Examples:
      reconciler diffs export --output diffs.csv
      reconciler diffs export --run 12 --domain address --output jsonl:address.diffs
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    known_domains(configuration(), [domain] if domain else [])
    (output,) = parsed([place], forms=FORMS)
    wanted = DiffFilter(
        run=run_id,
        domain=domain,
        entity=entity,
        states=tuple(DiffState(state) for state in states),
        cluster=cluster,
    )
    count = run_async(_export(wanted, output.form, output.path))
    click.echo(f"{count:,} differences written to {output.path}", err=True)
    return 0


async def _export(wanted: DiffFilter, form: str, path: Path) -> int:
    """Notes the export, then writes it; a run or cluster that does not exist is an error and no empty file."""
    async with open_reports(configuration()) as reports:
        who, store = await acting(reports, Right.VIEW), reports.store
        if wanted.run is not None:
            await store.run(wanted.run)
        if wanted.cluster is not None:
            await store.cluster(wanted.cluster)
        told = f"differences as {form}{f' of run {wanted.run}' if wanted.run else ''}"
        act = Act(
            actor=who,
            action=AuditAction.EXPORT,
            at=reports.clock.now(),
            domain=wanted.domain or "",
            comment=told,
        )
        await store.note_act(act)
        with answer_file(path) as file:
            return await _written(file, form, store.diffs(wanted))


@click.command(name="keys")
@click.argument("cluster_id", metavar="K-N")
@click.option("--output", "place", required=True, metavar="[FORMAT:]PATH", help="Where to: txt (the default) or csv.")
def keys_command(cluster_id: str, place: str) -> int:
    """Write the keys of a cluster's open records to a file, one a line; the export is in the audit log.

    Secret parts of keys are digests there, as in all reports.

    \b
    Examples:
      reconciler clusters keys K-4 --output K-4.keys
      reconciler run address --mode keys --keys @K-4.keys
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    named = place if place.startswith(("txt:", "csv:")) or place.endswith(".csv") else f"txt:{place}"
    (output,) = parsed([named], forms=("txt", "csv"))
    count = run_async(_export_keys(cluster_id, output.form, output.path))
    click.echo(f"{count:,} keys written to {output.path}", err=True)
    return 0


async def _export_keys(cluster_id: str, form: str, path: Path) -> int:
    """Notes the export, then writes the keys; a cluster that does not exist is an error and no empty file."""
    async with open_reports(configuration()) as reports:
        who, cluster = await acting(reports, Right.VIEW), await reports.store.cluster(cluster_id)
        told = f"keys of cluster {cluster.id} as {form}"
        act = Act(
            actor=who, action=AuditAction.EXPORT, at=reports.clock.now(), domain=cluster.domain, comment=told
        )  # fmt: skip
        await reports.store.note_act(act)
        wanted = DiffFilter(cluster=cluster.id, states=tuple(OPEN_STATES))
        count = 0
        with answer_file(path) as file:
            file.write(lines([KEYS]).encode() if form == "csv" else b"")
            async for one in reports.store.diffs(wanted):
                text = lines(key_rows(one)) if form == "csv" else key_line(one)
                file.write(text.encode("utf-8", "backslashreplace"))
                count += bool(text)
        return count


async def _written(file: BinaryIO, form: str, found: AsyncIterator[StoredDiff]) -> int:
    """Each difference in its turn."""
    count = 0
    head, foot = {"csv": (lines([DIFFS]), ""), "jsonl": ("", ""), "json": ("[\n", "\n]\n")}[form]
    file.write(head.encode())
    async for one in found:
        file.write(_piece(one, form, first=count == 0).encode("utf-8", "backslashreplace"))
        count += 1
    file.write(foot.encode())
    return count


def _piece(diff: StoredDiff, form: str, *, first: bool) -> str:
    """One difference as a part of the file."""
    if form == "csv":
        return lines(diff_rows(diff))
    text = json.dumps(diff_document(diff), ensure_ascii=False)
    if form == "jsonl":
        return f"{text}\n"
    return text if first else f",\n{text}"
