"""Lists as CSV, a row an entry: runs, diffs, clusters, checks; no cell is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from reconciler.app.documents import instant
from reconciler.app.ports import ClusterCount, StoredDiff, StoredRun
from reconciler.app.renderings.escaping import cell, shown_value
from reconciler.core.gate_values import Gate
from reconciler.core.summary import differing, domain_verdict

Row = Sequence[object]
DIFFS: Final = (
    "id", "run", "domain", "entity", "key", "outcome", "state", "first_seen_at", "last_seen_at", "path", "kind",
    "source", "target", "redacted", "cluster", "detail",
)  # fmt: skip
RUNS: Final = (
    "id", "mode", "status", "domain", "verdict", "seen", "compared", "differ", "started_at", "finished_at", "trigger",
)  # fmt: skip
CLUSTERS: Final = (
    "id", "domain", "entity", "path", "kind", "title", "diffs", "open", "first_run", "last_run", "first_seen_at",
    "last_seen_at",
)  # fmt: skip
KEYS: Final = ("entity", "key", "state", "first_run", "first_seen_at", "last_seen_at")
CHECKS: Final = ("domain", "verdict", "check", "result", "measured", "needed", "since", "evidence", "evidence_digest")


def lines(rows: Iterable[Row]) -> str:
    """Rows of CSV, each ended by CR LF as RFC 4180 has it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def diff_rows(diff: StoredDiff) -> list[Row]:
    """A diff: a row for each field that differs, one where the whole record does."""
    head = (
        diff.id, diff.run, diff.domain, diff.entity, diff.key, diff.outcome.value, diff.state.value,
        instant(diff.first_seen_at), instant(diff.last_seen_at),
    )  # fmt: skip
    rows = [
        (*head, one.path, one.kind.value, _value(one.source), _value(one.target), one.redacted, one.cluster, one.note)
        for one in diff.fields
    ]
    return list(rows) or [(*head, None, None, None, None, None, diff.cluster, diff.detail)]


def key_line(diff: StoredDiff) -> str:
    """A record's key as a line of a key file; a line feed inside a key has no place in one, so it is left out."""
    return f"{diff.key}\n" if diff.key.isprintable() else ""


def key_rows(diff: StoredDiff) -> list[Row]:
    """A record by its key."""
    seen = (instant(diff.first_seen_at), instant(diff.last_seen_at))
    return [(diff.entity, diff.key, diff.state.value, diff.first_run, *seen)]


def _value(value: object) -> object:
    """Texts as they are, null empty, all else as JSON."""
    return value if value is None or isinstance(value, str) else shown_value(value)


def run_rows(run: StoredRun) -> list[Row]:
    """A run: a row for each of its domains."""
    return [
        (
            run.id, run.mode.value, run.status.value, part.domain, domain_verdict(part).value,
            sum(entity.seen for entity in part.entities), sum(entity.compared for entity in part.entities),
            sum(differing(entity.outcomes) for entity in part.entities),
            instant(run.started_at), instant(run.finished_at), run.trigger,
        )
        for part in run.domains
    ]  # fmt: skip


def cluster_row(cluster: ClusterCount) -> Row:
    """A cluster."""
    return (
        cluster.id, cluster.domain, cluster.entity, cluster.path, cluster.kind, cluster.title, cluster.diffs,
        cluster.open, cluster.first_run, cluster.last_run, instant(cluster.first_seen_at),
        instant(cluster.last_seen_at),
    )  # fmt: skip


def check_rows(gate: Gate) -> list[Row]:
    """A gate: a row for each check, one without a check where there is none."""
    head, digest = (gate.domain, gate.verdict.value), gate.evidence_digest
    rows = [
        (*head, one.name, one.result.value, one.measured, one.needed, instant(one.since), one.evidence, digest)
        for one in gate.checks
    ]
    return list(rows) or [(*head, None, None, gate.reason, None, None, None, digest)]
