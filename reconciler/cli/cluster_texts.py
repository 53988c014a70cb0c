"""Clusters as texts for people: a line each, or one with its likely cause, its beginning and the next steps."""

from collections.abc import Sequence

from reconciler.app.cluster_stories import ClusterStory
from reconciler.app.ports import ClusterCount
from reconciler.cli.terminal import table
from reconciler.cli.texts import when
from reconciler.core.wording import counted


def clusters_text(clusters: Sequence[ClusterCount]) -> str:
    """Clusters, a line each, and how to see what is behind the largest."""
    if not clusters:
        return "No open clusters."
    rows = [("CLUSTER", "ENTITY", "CAUSE", "DIFFS", "RUNS", "BEGAN", "OWNER")]
    rows += [
        (
            one.id, _entity(one), one.title, f"{one.diffs:,}", _runs(one), f"{one.first_seen_at:%Y-%m-%d}",
            one.owner or "-",
        )
        for one in clusters
    ]  # fmt: skip
    return f"{table(rows)}\nNext: reconciler clusters show {clusters[0].id}"


def _entity(cluster: ClusterCount) -> str:
    """The entity with its domain, or once where both have one name."""
    return cluster.entity if cluster.entity == cluster.domain else f"{cluster.domain}.{cluster.entity}"


def _runs(cluster: ClusterCount) -> str:
    """The first and the last run that saw it."""
    first, last = cluster.first_run, cluster.last_run
    return str(first) if first == last else f"{first}-{last}"


def story_text(story: ClusterStory) -> str:
    """One cluster with all that can be told of it."""
    cluster, began = story.cluster, story.beginning
    of = "" if story.looked_at >= cluster.diffs else f" (told from {story.looked_at:,} of them)"
    records = f"{counted(cluster.diffs, 'record')} of {cluster.domain}.{cluster.entity}{of}"
    first, last = when(cluster.first_seen_at), when(cluster.last_seen_at)
    seen = f"first seen {first} in run {cluster.first_run}, last seen {last} in run {cluster.last_run}"
    lines = [
        f"{cluster.id}  {cluster.title}",
        f"  {story.life.value}: {records}",
        f"  {seen}",
        *([f"  owner {cluster.owner}"] if cluster.owner else []),
        "",
        f"{'Likely cause' if story.cause.known else 'Cause'}: {story.cause.sentence}",
        *(f"  {one}" for one in story.cause.evidence),
        "",
        "Began:",
        *(f"  {one}" for one in (*began.sentences, began.conclusion)),
        *([f"  The records were {began.ages}."] if began.ages else []),
    ]
    return "\n".join([*lines, *_next(story)])


def _next(story: ClusterStory) -> list[str]:
    """The next steps, numbered, each command on a line of its own."""
    if not story.cluster.open:
        return []
    lines = ["", "Next:"]
    for number, step in enumerate(story.steps, start=1):
        lines.append(f"  {number}. {step.told}")
        lines += [f"     {step.command}"] if step.command else []
    return lines
