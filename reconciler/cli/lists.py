"""The commands that read what is stored: `runs`, `diffs`, `clusters`."""

from collections.abc import AsyncIterator, Sequence

import click

from reconciler.app.cluster_stories import ClusterStory
from reconciler.app.documents import cluster_document, diff_document, run_document
from reconciler.app.ports import ClusterCount, DiffFilter, StoredDiff, StoredRun
from reconciler.app.renderings.answers import RunAnswer, run_answer
from reconciler.cli.cluster_texts import clusters_text, story_text
from reconciler.cli.comparing import compare_command
from reconciler.cli.context import configuration, formats, known_where_nothing_is, print_json, print_jsonl, run_async
from reconciler.cli.exporting import export_command, keys_command
from reconciler.cli.outputs import outputs, parsed, sampled
from reconciler.cli.repairing import repair_command
from reconciler.cli.running import FORMS, give_run
from reconciler.cli.suggesting import Group, Word, domain_names
from reconciler.cli.terminal import say
from reconciler.cli.texts import diff_text, diffs_text, runs_text
from reconciler.core.model import DiffState
from reconciler.wiring import open_reports, stories


@click.group(name="runs", cls=Group)
def runs_command() -> None:
    """Past runs."""


@runs_command.command(name="list", epilog="Example: reconciler runs list --domain address --limit 5")
@click.option("--domain", default=None, help="Only runs that looked at this domain.", shell_complete=domain_names)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@formats("text", "json", "jsonl")
def list_runs(domain: str | None, limit: int, form: str) -> int:
    """Runs, newest first."""
    found = run_async(_runs(domain, limit))
    known_where_nothing_is(found, domain)
    documents = [run_document(run, []) for run in found]
    _show(form, runs_text(found), documents)
    return 0


async def _runs(domain: str | None, limit: int) -> list[StoredRun]:
    """The newest runs."""
    async with open_reports(configuration()) as reports:
        return list(await reports.store.runs(domain=domain, limit=limit))


@runs_command.command(name="show", epilog="Example: reconciler runs show 12 --output run.md")
@click.argument("run_id", type=int, metavar="ID")
@outputs
@formats(*FORMS)
def show_run(run_id: int, wanted: Sequence[str], form: str) -> int:
    """One run with its domains and clusters."""
    written = parsed(wanted, forms=FORMS)
    give_run(run_async(_run(run_id, in_full=sampled(form, written))), form, written)
    return 0


async def _run(run_id: int, *, in_full: bool) -> RunAnswer:
    """A run and what it found; samples only where they are shown."""
    async with open_reports(configuration()) as reports:
        return await run_answer(reports.store, await reports.store.run(run_id), sampled=in_full)


@click.group(name="diffs", cls=Group)
def diffs_command() -> None:
    """Differences found."""


@diffs_command.command(name="list", epilog="Example: reconciler diffs list --domain address --state confirmed")
@click.option(
    "--run", "run_id", type=int, default=None, help="As this run saw them; without it, as they were last seen."
)
@click.option("--domain", default=None, shell_complete=domain_names)
@click.option("--entity", default=None)
@click.option("--state", "states", type=Word([state.value for state in DiffState]), multiple=True)
@click.option("--cluster", default=None, metavar="K-N")
@click.option(
    "--limit", type=click.IntRange(min=1), default=None, help="At most so many; text shows 50 unless told otherwise."
)
@formats("text", "jsonl", "json")
def list_diffs(
    run_id: int | None,
    domain: str | None,
    entity: str | None,
    states: tuple[str, ...],
    cluster: str | None,
    limit: int | None,
    form: str,
) -> int:
    """Differences, one a line."""
    most = limit or (50 if form == "text" else None)
    wanted = DiffFilter(
        run=run_id,
        domain=domain,
        entity=entity,
        states=tuple(DiffState(state) for state in states),
        cluster=cluster,
        limit=most,
    )
    if form == "jsonl":
        run_async(_stream(wanted))
        return 0
    found = run_async(_diffs(wanted))
    known_where_nothing_is(found, domain)
    cut = f"\nThe first {most:,}; --limit shows more." if limit is None and len(found) == most else ""
    _show(form, diffs_text(found) + cut, [diff_document(diff) for diff in found])
    return 0


async def _stream(wanted: DiffFilter) -> None:
    """Prints diffs as they are read, so that a million cost no memory."""
    async for diff in _each(wanted):
        print_jsonl([diff_document(diff)])


async def _diffs(wanted: DiffFilter) -> list[StoredDiff]:
    """The diffs that fit."""
    return [diff async for diff in _each(wanted)]


async def _each(wanted: DiffFilter) -> AsyncIterator[StoredDiff]:
    """Each diff that fits; a run that does not exist is an error, not an empty list."""
    async with open_reports(configuration()) as reports:
        if wanted.run is not None:
            await reports.store.run(wanted.run)
        async for diff in reports.store.diffs(wanted):
            yield diff


@diffs_command.command(name="show", epilog="Example: reconciler diffs show 31")
@click.argument("diff_id", type=int, metavar="ID")
@formats("text", "json")
def show_diff(diff_id: int, form: str) -> int:
    """One difference with its fields."""
    diff = run_async(_diff(diff_id))
    _show(form, diff_text(diff), diff_document(diff))
    return 0


async def _diff(diff_id: int) -> StoredDiff:
    """One diff."""
    async with open_reports(configuration()) as reports:
        return await reports.store.diff(diff_id)


runs_command.add_command(compare_command)
diffs_command.add_command(export_command)


@click.group(name="clusters", cls=Group)
def clusters_command() -> None:
    """Differences gathered by their likely cause."""


@clusters_command.command(name="list", epilog="Example: reconciler clusters list --domain address")
@click.option("--run", "run_id", type=int, default=None, help="Of this run; without it, of all open differences.")
@click.option("--domain", default=None, shell_complete=domain_names)
@formats("text", "json", "jsonl")
def list_clusters(run_id: int | None, domain: str | None, form: str) -> int:
    """Clusters, largest first."""
    found = run_async(_clusters(run_id, domain))
    known_where_nothing_is(found, domain)
    _show(form, clusters_text(found), [cluster_document(one) for one in found])
    return 0


async def _clusters(run_id: int | None, domain: str | None) -> list[ClusterCount]:
    """The clusters that fit."""
    async with open_reports(configuration()) as reports:
        return list(await reports.store.clusters(run=run_id, domain=domain))


@clusters_command.command(name="show", epilog="Example: reconciler clusters show K-12 --limit 5")
@click.argument("cluster_id", metavar="K-N")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many of its differences."
)
@formats("text", "json")
def show_cluster(cluster_id: str, limit: int, form: str) -> int:
    """One cluster: its likely cause with the evidence, when it began, what to do next, some of its differences."""
    story, diffs = run_async(_cluster(cluster_id, limit))
    text = f"{story_text(story)}\n\n{diffs_text(diffs)}"
    _show(form, text, story.document | {"sample": [diff_document(diff) for diff in diffs]})
    return 0


async def _cluster(cluster_id: str, limit: int) -> tuple[ClusterStory, list[StoredDiff]]:
    """A cluster's story and its first diffs."""
    async with open_reports(configuration()) as reports:
        story = await stories(reports).tell(cluster_id)
        wanted = DiffFilter(cluster=story.cluster.id, limit=limit)
        return story, [diff async for diff in reports.store.diffs(wanted)]


clusters_command.add_command(keys_command)
clusters_command.add_command(repair_command)


def _show(form: str, text: str, documents: object) -> None:
    """Text, one JSON value, or a JSON value a line."""
    if form == "text":
        say(text)
    elif form == "jsonl" and isinstance(documents, list):
        print_jsonl(documents)
    else:
        print_json(documents)
