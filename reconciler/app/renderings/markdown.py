"""Runs and gates as Markdown: a verdict line, a table, and the samples of each cluster folded away."""

from collections.abc import Sequence
from typing import Final

from reconciler.app.renderings.answers import FoundCluster, GateAnswer, RunAnswer, of_domain, sample_line
from reconciler.app.renderings.escaping import code, prose
from reconciler.app.renderings.standing import Standing, of_check, of_gate, of_run
from reconciler.core.gate_values import Gate
from reconciler.core.history import DomainRun
from reconciler.core.summary import differing, domain_verdict, entity_verdict, run_verdict
from reconciler.core.wording import moment

MARKS: Final = {Standing.GOOD: "✅", Standing.BAD: "❌", Standing.UNKNOWN: "⚠️", Standing.ASIDE: "⏭️"}


def run_markdown(answer: RunAnswer, *, most_bytes: int | None = None) -> str:
    """A run; with `most_bytes` whole blocks are left out from the end, and it is said."""
    run = answer.run
    verdict = run_verdict(run.domains)
    compared = sum(entity.compared for part in run.domains for entity in part.entities)
    blocks = [
        (
            f"{MARKS[of_run(verdict)]} **run {run.id}: {verdict.value}** — {run.mode.value}, {run.status.value}, "
            f"{compared:,} records compared, started {moment(run.started_at)}"
        ),
        _entities(run.domains),
        *(block for part in run.domains for block in _notes(part)),
        *(block for gate in answer.gates for block in _gate_blocks(gate)),
        *(_details(one) for one in answer.found),
    ]
    return _joined(blocks, most_bytes)


def gate_markdown(answer: GateAnswer, *, most_bytes: int | None = None) -> str:
    """Gates; with `most_bytes` whole blocks are left out from the end, and it is said."""
    verdicts = [_verdict_line(gate) for gate in answer.gates]
    blocks = verdicts if len(answer.gates) > 1 else []
    for gate in answer.gates:
        blocks += _gate_blocks(gate)
        blocks += [_details(one) for one in of_domain(answer.found, gate.domain)]
    return _joined(blocks, most_bytes)


def _joined(blocks: Sequence[str], most_bytes: int | None) -> str:
    """The blocks that fit, with a blank line between them."""
    kept, room = [], None if most_bytes is None else most_bytes - len(_left_out(len(blocks)).encode()) - 1
    for block in blocks:
        if room is not None:
            room -= len(block.encode("utf-8", "backslashreplace")) + 2
            if room < 0:
                break
        kept.append(block)
    lost = len(blocks) - len(kept)
    return "\n\n".join([*kept, *([_left_out(lost)] if lost else [])]) + "\n"


def _left_out(count: int) -> str:
    return f"*{count} more parts were left out: this text may not be longer.*"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _entities(parts: Sequence[DomainRun]) -> str:
    rows = []
    for part in parts:
        verdict = domain_verdict(part)
        rows.append([f"{MARKS[of_run(verdict)]} **{part.domain}**", verdict.value, "", "", "", ""])
        for entity in part.entities:
            own = entity_verdict(entity, may_be_empty=entity.may_be_empty)
            broken = sum(one.violations for one in entity.invariants)
            counts = (differing(entity.outcomes), entity.compared, entity.seen, broken)
            rows.append([code(entity.entity), own.value, *(f"{count:,}" for count in counts)])
    return table(["domain, entity", "verdict", "differ", "compared", "seen", "invariants broken"], rows)


def _notes(part: DomainRun) -> list[str]:
    notes = [*part.notes, *([part.error] if part.error else [])]
    return ["\n".join(f"- {part.domain}: {prose(note)}" for note in notes)] if notes else []


def _verdict_line(gate: Gate) -> str:
    return f"{MARKS[of_gate(gate.verdict)]} **{gate.domain}: {gate.verdict.value}** — {prose(gate.reason)}"


def _gate_blocks(gate: Gate) -> list[str]:
    """The verdict, the checks, and what the verdict rests on."""
    rows = [
        [
            f"{MARKS[of_check(check.result)]} {check.result.value}",
            code(check.name),
            prose(check.measured),
            prose(check.needed),
            prose(check.evidence),
        ]
        for check in gate.checks
    ]
    facts = [f"- evidence {code(gate.evidence_digest)}"] if gate.evidence_digest else []
    facts += [f"- valid until {moment(gate.valid_until)}"] if gate.valid_until else []
    facts += [f"- flip {code(gate.flip)}, way back {code(gate.rollback)}"] if gate.flip else []
    facts += [f"- next: {prose(gate.next_step)}"] if gate.next_step else []
    blocks = [_verdict_line(gate), table(["result", "check", "measured", "needed", "evidence"], rows) if rows else ""]
    return [block for block in (*blocks, "\n".join(facts)) if block]


def _details(found: FoundCluster) -> str:
    """A cluster, its samples folded away."""
    cluster = found.cluster
    head = f"{cluster.id} {code(cluster.entity)} {prose(cluster.title)}: {cluster.diffs:,} differences"
    lines = [f"- {code(sample_line(diff, cluster.id))}" for diff in found.sample]
    lines = lines or [f"- {code(f'reconciler clusters show {cluster.id}')}"]
    return "\n".join([f"<details><summary>{head}</summary>", "", *lines, "", "</details>"])
