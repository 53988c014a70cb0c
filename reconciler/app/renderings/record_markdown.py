"""The record of domains as Markdown, for a change ticket."""

from collections.abc import Sequence
from typing import Final

from reconciler.app.record import DomainRecord, Record
from reconciler.app.renderings.answers import GateAnswer
from reconciler.app.renderings.escaping import code, prose
from reconciler.app.renderings.markdown import gate_markdown, table
from reconciler.core.summary import domain_verdict
from reconciler.core.wording import moment

MOST_RUNS: Final = 50


def record_markdown(record: Record) -> str:
    """Every domain, one after the other, with who made the record and when."""
    making, chain = record.making, record.chain
    state = f"broken: {prose(chain.trouble)}" if chain.trouble else "intact"
    blocks = [
        f"# Record of {prose(making.title)}",
        f"Made {moment(making.made_at)} by {prose(making.made_by)} with reconciler {prose(making.version)}.",
        f"Audit log: {chain.entries:,} entries, chain {state}, head {code(chain.head)}.",
    ]
    for one in record.domains:
        blocks += _domain(record, one)
    return "\n\n".join(blocks) + "\n"


def _domain(record: Record, one: DomainRecord) -> list[str]:
    answer = GateAnswer(gates=(one.gate,), found=one.found, asked_at=record.making.made_at)
    return [
        f"## {prose(one.facts.data.spec.title)}",
        gate_markdown(answer).rstrip("\n"),
        *_titled("Configuration", _configuration(one)),
        *_titled("Decisions", _decisions(one)),
        *_titled("Waivers", _waivers(one)),
        *_titled("Evidence", [code(one.evidence)] if one.evidence else []),
        *_titled("Coverage", _coverage(one)),
        *_titled("Stores compared", [f"- {side}: {code(name)}" for side, name in one.identities.items()]),
        *_titled("Way back", _plan(one)),
        *_titled("Runs", _runs(one)),
        *_titled("Audit", _audit(one)),
    ]


def _titled(title: str, lines: Sequence[str]) -> list[str]:
    """A part of the record; one that is empty says so."""
    return [f"### {title}", "\n".join(lines) if lines else "None."]


def _configuration(one: DomainRecord) -> list[str]:
    """What is compared, by digest, and who answers for it."""
    spec, who = one.facts.data.spec, one.facts.data.history.configured_by
    return [f"Mapping and rules {code(spec.config_digest or 'none')}, answered for by {prose(who or 'nobody')}."]


def _decisions(one: DomainRecord) -> list[str]:
    rows = [
        [
            moment(decision.at),
            prose(decision.actor),
            f"{decision.action} ({one.worth(decision)})",
            code(decision.evidence_digest),
            prose(decision.comment),
        ]
        for decision in one.decisions
    ]
    return [table(["when", "who", "what (today)", "on evidence", "comment"], rows)] if rows else []


def _waivers(one: DomainRecord) -> list[str]:
    rows = [
        [
            code(waiver.check),
            prose(waiver.reason),
            moment(waiver.until),
            prose(waiver.asked_by),
            prose(waiver.confirmed_by or "nobody yet"),
            f"{moment(waiver.ended_at)} by {prose(waiver.ended_by)}" if waiver.ended_at else "",
        ]
        for waiver in one.waivers
    ]
    return [table(["check", "reason", "until", "asked by", "confirmed by", "ended"], rows)] if rows else []


def _coverage(one: DomainRecord) -> list[str]:
    rows = [
        [code(entity.entity), f"{entity.seen:,}", f"{entity.compared:,}", f"{int(entity.coverage * 10000) / 100:.2f} %"]
        for entity in one.entities
    ]
    return [table(["entity", "seen", "compared", "coverage"], rows)] if rows else []


def _plan(one: DomainRecord) -> list[str]:
    plan, rehearsals = one.facts.plan, one.facts.data.history.rehearsals
    lines = [f"- owner {prose(plan.owner)}, back with {code(plan.rollback_command)}"] if plan else []
    lines += [f"- not in order: {prose(problem)}" for problem in (plan.problems if plan else ())]
    lines += [
        f"- rehearsed {moment(done.at)} by {prose(done.actor)} in {done.minutes:g} min: {prose(done.comment)}"
        for done in rehearsals
    ]
    for title, text in one.plan_sections.items():
        lines += ["", f"**{prose(title)}**", "", *(f"> {prose(line)}  " for line in text.splitlines())]
    return lines


def _runs(one: DomainRecord) -> list[str]:
    rows = [
        [
            str(run.run_id),
            run.mode.value,
            run.status.value,
            domain_verdict(run).value,
            f"{sum(entity.compared for entity in run.entities):,}",
            moment(run.started_at),
        ]
        for run in one.runs[:MOST_RUNS]
    ]
    return [table(["run", "mode", "status", "verdict", "compared", "started"], rows)] if rows else []


def _audit(one: DomainRecord) -> list[str]:
    rows = [
        [
            str(entry.number),
            moment(entry.act.at),
            prose(f"{entry.act.actor.name} ({entry.act.actor.role.value}, {entry.act.actor.means.value})"),
            entry.act.action.value,
            prose(entry.act.comment),
        ]
        for entry in one.audit
    ]
    return [table(["entry", "when", "who", "what", "comment"], rows)] if rows else []
