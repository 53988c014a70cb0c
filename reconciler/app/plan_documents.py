"""The cutover as a JSON document, the same for the command line and the API."""

from datetime import datetime

from reconciler.app.documents import VERSION, Document, instant
from reconciler.core.cutover import Mark, PhaseStanding, Plan, Standing


def plan_document(plan: Plan, *, now: datetime) -> Document:
    """`reconciler plan --format json`."""
    return {
        "version": VERSION,
        "read_at": instant(now),
        "headline": plan.headline,
        "steps": len(plan.steps),
        "done": plan.done,
        "next": [one.step.name for one in plan.upcoming],
        "phases": [_phase(phase) for phase in plan.phases],
    }


def _phase(phase: PhaseStanding) -> Document:
    return {"title": phase.title, "state": phase.state.value, "steps": [_step(one) for one in phase.steps]}


def _step(standing: Standing) -> Document:
    step, group = standing.step, standing.group
    return {
        "step": step.name,
        "title": step.title,
        "kind": step.kind.value,
        "domains": list(step.domains),
        "who": step.who or None,
        "after": list(step.after),
        "state": standing.state.value,
        "why": standing.why,
        "next_step": standing.next_step or None,
        "verdicts": {gate.domain: gate.verdict.value for gate in standing.gates},
        "group": {"name": group.name, "verdict": group.verdict.value, "told": group.told} if group else None,
        "mark": mark_document(standing.mark) if standing.mark else None,
    }


def mark_document(mark: Mark) -> Document:
    """What somebody said of a step."""
    return {
        "step": mark.step,
        "done": mark.done,
        "actor": mark.actor,
        "comment": mark.comment,
        "at": instant(mark.at),
    }
