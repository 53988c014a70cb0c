"""Answers in words and tables for people at a terminal."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from reconciler.app.checks import CheckedRecord
from reconciler.app.ports import ClusterCount, StoredDiff, StoredRun
from reconciler.cli.terminal import table
from reconciler.core.gate_values import CheckResult, Gate, GateVerdict
from reconciler.core.groups import Group
from reconciler.core.history import DomainRun
from reconciler.core.model import OPEN_STATES, EntitySummary, Outcome, RunStatus, Verdict
from reconciler.core.sampled import sample_words, sampled_words
from reconciler.core.summary import differing, domain_verdict, run_verdict
from reconciler.core.wording import counted

MARKS = {Verdict.CLEAN: "✔", Verdict.DIFFS: "✖", Verdict.INCONCLUSIVE: "▲", Verdict.NOTHING_COMPARED: "◌"}
GATE_MARKS = {
    GateVerdict.NO_GO: "✖",
    GateVerdict.HOLD: "▲",
    GateVerdict.SOAKING: "⧗",
    GateVerdict.READY: "☺",
    GateVerdict.GO: "✔",
    GateVerdict.FLIPPED: "⚑",
    GateVerdict.NO_DATA: "◌",
    GateVerdict.NOT_COMPARABLE: "—",
}
RULE = "─" * 80
CHECK_MARKS = {
    CheckResult.PASS: "✔",
    CheckResult.FAIL: "✖",
    CheckResult.PENDING: "⧗",
    CheckResult.INCONCLUSIVE: "▲",
    CheckResult.WAIVED: "~",
    CheckResult.INFO: "·",
}


def when(at: datetime | None) -> str:
    """A time as people read it."""
    return "—" if at is None else at.strftime("%Y-%m-%d %H:%M:%S UTC")


def run_text(run: StoredRun, clusters: Sequence[ClusterCount], gates: Sequence[Gate], *, code: int) -> str:
    """A run: a line a domain with its denominator, what differs below it, the tally last."""
    lines = []
    for domain in run.domains:
        lines += _domain_lines(domain, [one for one in clusters if one.domain == domain.domain])
    verdict = run_verdict(run.domains)
    compared = sum(entity.compared for domain in run.domains for entity in domain.entities)
    lines += [RULE, *(gate_line(gate) for gate in gates)]
    lines.append(
        f"{MARKS[verdict]} run {run.id} ({run.mode.value}, {run.status.value}): "
        f"{verdict.value}, {counted(compared, 'record')} compared, exit {code}"
    )
    resume = f"reconciler run --resume {run.id}" if run.status is RunStatus.INTERRUPTED else ""
    lines.append(f"Next: {resume or _next(verdict, clusters, run.id)}")
    return "\n".join(lines)


def _domain_lines(domain: DomainRun, clusters: Sequence[ClusterCount]) -> list[str]:
    """One domain."""
    verdict = domain_verdict(domain)
    compared, seen = sum(entity.compared for entity in domain.entities), sum(entity.seen for entity in domain.entities)
    wrong = sum(differing(entity.outcomes) for entity in domain.entities)
    cleared = sum(entity.cleared for entity in domain.entities)
    tail = f", {cleared:,} cleared on re-reading" if cleared else ""
    lines = [
        (
            f"{MARKS[verdict]} {domain.domain:<14} {verdict.value:<17} "
            f"{wrong:,} differ, {compared:,} of {seen:,} seen compared{tail}"
        )
    ]
    rows = [(one.id, one.entity, one.title, f"{one.diffs:,}") for one in clusters]
    lines += [table(rows, indent="    ")] if rows else []
    lines += [f"    {told}" for entity in domain.entities if (told := sample_words(entity))]
    lines += [f"    {entity.entity}: {_softened(entity)}" for entity in domain.entities if entity.softened]
    lines += [f"    ! {entity.entity}: {told}" for entity in domain.entities for told in _trouble(entity)]
    lines += [f"    ! {note}" for note in [*domain.notes, *([domain.error] if domain.error else [])]]
    lines += [f"    ! {domain.gaps:,} unresolved dual-write gaps: the gate stays shut"] if domain.gaps else []
    return lines


def _softened(entity: EntitySummary) -> str:
    """How often rules made values equal, by field."""
    return f"made equal by rule: {', '.join(f'{path} {count:,}' for path, count in sorted(entity.softened.items()))}"


def _trouble(entity: EntitySummary) -> list[str]:
    """What else is wrong with an entity."""
    told = [
        f"invariant {one.name} broken {one.violations:,} times in the {one.side} ({', '.join(one.sample_keys[:3])})"
        for one in entity.invariants
        if one.violations
    ]
    ruled = {"ignored": entity.ignored, "tolerated": entity.tolerated}
    told += [
        f"{path}: differences {kind} by rule in {count:,} records"
        for kind, counts in ruled.items()
        for path, count in sorted(counts.items())
    ]
    if entity.outcomes[Outcome.UNREADABLE]:
        told.append(f"{entity.outcomes[Outcome.UNREADABLE]:,} records can't be read")
    if entity.unconfirmed:
        told.append(f"{entity.unconfirmed:,} records kept changing and stay unconfirmed")
    return told


def _next(verdict: Verdict, clusters: Sequence[ClusterCount], run_id: int) -> str:
    """The one command that helps most now."""
    if verdict is Verdict.DIFFS and clusters:
        return f"reconciler clusters show {clusters[0].id}"
    if verdict is Verdict.CLEAN:
        return "reconciler gate"
    return f"reconciler runs show {run_id}"


def gate_line(gate: Gate) -> str:
    """A gate in a line."""
    return f"{GATE_MARKS[gate.verdict]} {gate.domain:<20} {gate.verdict.value:<15} {gate.reason}"


def gates_tally(gates: Sequence[Gate], *, code: int) -> str:
    """How many gates stand where, the code that follows, and the gate to look at next."""
    counts = Counter(gate.verdict for gate in gates)
    told = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in GateVerdict if counts[verdict])
    worst = next((gate for verdict in GateVerdict for gate in gates if gate.verdict is verdict), None)
    following = f"\nNext: reconciler gate {worst.domain}" if worst else ""
    return f"{RULE}\n{told}, exit {code}{following}"


def group_line(group: Group) -> str:
    """A flip group in a line."""
    return f"{GATE_MARKS[group.verdict]} group {group.name:<14} {group.verdict.value:<15} {group.told}"


def gate_text(gate: Gate) -> str:
    """A gate with every check as a sentence."""
    lines = [gate_line(gate)]
    rows = [
        (
            CHECK_MARKS[check.result],
            check.name,
            check.measured or "",
            f"needs {check.needed}" if check.needed else "",
            _short(check.evidence or "") + (f", since {when(check.since)}" if check.since else ""),
        )
        for check in gate.checks
    ]
    lines += [table(rows, indent="  ")] if rows else []
    lines += [f"  {sampled_words(gate.sampled)}"] if gate.sampled else []
    lines += [f"  evidence {gate.evidence_digest}"] if gate.evidence_digest else []
    lines += [f"  valid until {when(gate.valid_until)}"] if gate.valid_until else []
    lines += [f"  waived: {', '.join(check.name for check in gate.waived)}"] if gate.waived else []
    lines += [f"  flip: {gate.flip}    rollback: {gate.rollback}"] if gate.flip else []
    lines += [f"  Next: {gate.next_step}"] if gate.next_step else []
    return "\n".join(lines)


def _short(text: str) -> str:
    """A digest by its first letters; it stands whole below."""
    return f"{text[:14]}…" if text.startswith("sha256:") else text


def runs_text(runs: Sequence[StoredRun]) -> str:
    """Runs, a line each."""
    if not runs:
        return "No run yet. Next: reconciler run"
    rows = [("RUN", "MODE", "STATUS", "VERDICT", "COMPARED", "STARTED (UTC)", "BY")]
    for run in runs:
        compared = sum(entity.compared for domain in run.domains for entity in domain.entities)
        rows.append(
            (
                str(run.id),
                run.mode.value,
                run.status.value,
                run_verdict(run.domains).value,
                f"{compared:,}",
                f"{run.started_at:%Y-%m-%d %H:%M}",
                run.trigger,
            )
        )
    return f"{table(rows)}\nNext: reconciler runs show {runs[0].id}"


def diffs_text(diffs: Sequence[StoredDiff]) -> str:
    """Diffs, a line each."""
    if not diffs:
        return "No differences."
    rows = [("DIFF", "ENTITY", "KEY", "OUTCOME", "STATE", "FIELDS")]
    rows += [
        (
            str(one.id),
            one.entity,
            one.key,
            one.outcome.value,
            one.state.value,
            ", ".join(field.path for field in one.fields) or one.detail,
        )
        for one in diffs
    ]
    return f"{table(rows)}\nNext: reconciler diffs show {diffs[0].id}"


def diff_text(diff: StoredDiff) -> str:
    """One diff with its fields."""
    lines = [
        f"{diff.entity} {diff.key}: {diff.outcome.value}, {diff.state.value}"
        + (f" ({diff.detail})" if diff.detail else ""),
        (
            f"  first seen {when(diff.first_seen_at)} in run {diff.first_run}, "
            f"last seen {when(diff.last_seen_at)} in run {diff.run}"
        ),
    ]
    for field in diff.fields:
        shown = (
            "secret: equal or not is all that is known"
            if field.redacted == "secret"
            else f"source {field.source!r}  target {field.target!r}"
        )
        lines.append(
            f"  {field.path} ({field.kind.value}): {shown}"
            + (f" — {field.note}" if field.note else "")
            + (f"  [{field.cluster}]" if field.cluster else "")
        )
    hint = "" if diff.state not in OPEN_STATES else f"\nNext: reconciler check {diff.domain}.{diff.entity} {diff.key}"
    return "\n".join(lines) + hint


def check_text(checked: CheckedRecord) -> str:
    """One record, both sides."""
    if not checked.outcomes:
        where = ", ".join(checked.entities)
        return f"◌ {checked.key} is on neither side of {where}; nothing was compared.\nNext: reconciler diffs list"
    lines = [f"{entity} {checked.key}: {outcome.value}" for entity, outcome in checked.outcomes]
    for _, diff in checked.diffs:
        for field in diff.fields:
            shown = (
                "secret"
                if field.redacted and field.redacted.value == "secret"
                else f"source {field.source!r}  target {field.target!r}"
            )
            cause = f" — {field.cluster.cause}" if field.cluster.cause else ""
            lines.append(f"  {field.path} ({field.kind.value}): {shown}{cause}")
        lines += [f"  {diff.detail}"] if diff.detail else []
    return "\n".join(lines)
