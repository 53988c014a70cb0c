"""Runs and gates as JUnit XML: a suite a domain, a case a check and a cluster; all green only where the verdict is."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from junitparser.junitparser import FinalResult

from reconciler.app.renderings.answers import FoundCluster, GateAnswer, RunAnswer, of_domain, sample_line
from reconciler.app.renderings.escaping import visible
from reconciler.app.renderings.standing import Standing, of_check, of_gate, of_run
from reconciler.core.gate_values import Check, Gate
from reconciler.core.history import DomainRun
from reconciler.core.model import EntitySummary
from reconciler.core.summary import differing, domain_verdict, entity_verdict

Results = list[FinalResult]


def run_junit(answer: RunAnswer) -> str:
    """A run: each domain's verdict, its entities and its clusters."""
    gates = {gate.domain: gate for gate in answer.gates}
    suites = []
    for part in answer.run.domains:
        gate = gates.get(part.domain)
        cases = [*_run_cases(part), *_cluster_cases(of_domain(answer.found, part.domain), Standing.BAD)]
        suites.append(_suite(part.domain, [*cases, *(_gate_cases(gate) if gate else [])]))
    return _document(suites)


def gate_junit(answer: GateAnswer) -> str:
    """Gates: each domain's verdict, its checks and its open clusters."""
    suites = []
    for gate in answer.gates:
        clusters = _cluster_cases(of_domain(answer.found, gate.domain), _open(gate))
        suites.append(_suite(gate.domain, [*_gate_cases(gate), *clusters]))
    return _document(suites)


def _document(suites: Iterable[TestSuite]) -> str:
    whole = JUnitXml("reconciler")
    for suite in suites:
        whole.add_testsuite(suite)
    text: str = whole.tostring().decode()  # type: ignore[no-untyped-call]
    return text if text.endswith("\n") else f"{text}\n"


def _suite(domain: str, cases: Iterable[TestCase]) -> TestSuite:
    suite = TestSuite(domain)
    for case in cases:
        suite.add_testcase(case)
    return suite


def _case(domain: str, name: str, standing: Standing, message: str, body: Sequence[str] = ()) -> TestCase:
    """One case; what is not good carries its message, and below it a line a sample."""
    case = TestCase(visible(name), classname=f"reconciler.{domain}")
    case.result = _results(standing, visible(message))
    if case.result and body:
        case.result[0].text = "\n".join(visible(line) for line in body)
    return case


def _results(standing: Standing, message: str) -> Results:
    match standing:
        case Standing.GOOD:
            return []
        case Standing.BAD:
            return [Failure(message, "diffs")]
        case Standing.UNKNOWN:
            return [Error(message, "inconclusive")]
        case Standing.ASIDE:
            return [Skipped(message)]
        case _ as never:
            assert_never(never)


def _run_cases(part: DomainRun) -> list[TestCase]:
    """The domain's verdict, which decides, and each entity's."""
    verdict = domain_verdict(part)
    compared = sum(entity.compared for entity in part.entities)
    seen = sum(entity.seen for entity in part.entities)
    message = f"{verdict.value}: {compared:,} of {seen:,} records seen were compared"
    notes = [*part.notes, *([part.error] if part.error else [])]
    return [
        _case(part.domain, "run.verdict", of_run(verdict), message, notes),
        *(_entity_case(part.domain, entity) for entity in part.entities),
    ]


def _entity_case(domain: str, entity: EntitySummary) -> TestCase:
    verdict = entity_verdict(entity, may_be_empty=entity.may_be_empty)
    message = f"{verdict.value}: {differing(entity.outcomes):,} differ, {entity.compared:,} of {entity.seen:,} compared"
    broken = [
        f"invariant {one.name} broken {one.violations:,} times in the {one.side}"
        for one in entity.invariants
        if one.violations
    ]
    return _case(domain, f"entity.{entity.entity}", of_run(verdict), message, broken)


def _open(gate: Gate) -> Standing:
    """What an open cluster is beside its gate: where that is good, the differences were waived."""
    return Standing.ASIDE if of_gate(gate.verdict) is Standing.GOOD else Standing.BAD


def _cluster_cases(found: Iterable[FoundCluster], standing: Standing) -> list[TestCase]:
    return [
        _case(
            one.cluster.domain,
            f"{one.cluster.id} {one.cluster.entity} {one.cluster.title}",
            standing,
            f"{one.cluster.diffs:,} differences: {one.cluster.title}",
            [sample_line(diff, one.cluster.id) for diff in one.sample],
        )
        for one in found
    ]


def _gate_cases(gate: Gate) -> list[TestCase]:
    """The gate's verdict, which decides, and each check."""
    verdict = _case(gate.domain, "gate.verdict", of_gate(gate.verdict), f"{gate.verdict.value}: {gate.reason}")
    return [verdict, *(_check_case(gate.domain, check) for check in gate.checks)]


def _check_case(domain: str, check: Check) -> TestCase:
    needed = f", needs {check.needed}" if check.needed else ""
    message = f"{check.result.value}: {check.measured}{needed}"
    return _case(domain, f"gate.{check.name}", of_check(check.result), message, [check.evidence])
