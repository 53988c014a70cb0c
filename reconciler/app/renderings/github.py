"""Runs and gates as GitHub annotations: one a domain, the worst first, since only ten of a kind are shown."""

from collections.abc import Iterable
from typing import assert_never

from reconciler.app.renderings.answers import FoundCluster, GateAnswer, RunAnswer, of_domain
from reconciler.app.renderings.escaping import command_data, command_property, visible
from reconciler.app.renderings.standing import Standing, of_gate, of_run
from reconciler.core.summary import domain_verdict

WORST_FIRST = (Standing.BAD, Standing.UNKNOWN, Standing.GOOD, Standing.ASIDE)
Told = tuple[Standing, str, str]


def run_github(answer: RunAnswer) -> str:
    """An annotation for each domain of the run, and one for each gate that was asked for."""
    told: list[Told] = []
    for part in answer.run.domains:
        verdict = domain_verdict(part)
        compared = sum(entity.compared for entity in part.entities)
        tail = f", {_found(of_domain(answer.found, part.domain))}" if answer.found else ""
        title = f"reconciler {part.domain}: {verdict.value}"
        told.append((of_run(verdict), title, f"run {answer.run.id}: {compared:,} records compared{tail}"))
    told += [(of_gate(one.verdict), f"gate of {one.domain}: {one.verdict.value}", one.reason) for one in answer.gates]
    return _annotations(told)


def gate_github(answer: GateAnswer) -> str:
    """An annotation for each gate."""
    return _annotations(
        (of_gate(one.verdict), f"gate of {one.domain}: {one.verdict.value}", f"{one.reason} {one.next_step}".strip())
        for one in answer.gates
    )


def _found(found: Iterable[FoundCluster]) -> str:
    clusters = [one.cluster for one in found]
    return f"{sum(one.diffs for one in clusters):,} differences in {len(clusters):,} clusters"


def _annotations(told: Iterable[Told]) -> str:
    ranked = sorted(told, key=lambda one: WORST_FIRST.index(one[0]))
    return "".join(
        f"::{_level(standing)} title={command_property(visible(title))}::{command_data(visible(message))}\n"
        for standing, title, message in ranked
    )


def _level(standing: Standing) -> str:
    match standing:
        case Standing.BAD:
            return "error"
        case Standing.UNKNOWN:
            return "warning"
        case Standing.GOOD | Standing.ASIDE:
            return "notice"
        case _ as never:
            assert_never(never)
