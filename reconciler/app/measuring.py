"""The metrics' values as of now, all from the report database: a restart changes nothing, runs of commands count."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from reconciler.app import metrics
from reconciler.app.metrics import Metric, Sample
from reconciler.app.notice_board import NoticeBoard
from reconciler.app.ports import ReportStore
from reconciler.core.evidence import gather
from reconciler.core.gate import CheckResult, Gate, GateFacts, GateVerdict, Reads, decide
from reconciler.core.model import OPEN_STATES, DiffKind, RunStatus
from reconciler.core.spec import System
from reconciler.core.tally import FOUND, Tally

KINDS: Final = (
    *(kind.value for kind in DiffKind),
    *(outcome.value for outcome in FOUND if outcome != "field_mismatch"),
)
NEWEST_RUNS: Final = 50
Values = Mapping[Metric, Sequence[Sample]]


class Judged(Protocol):
    """What gates are derived from."""

    async def all_facts(self) -> tuple[GateFacts, ...]:
        """As `Verdicts.all_facts`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """Answers with every value of every metric; raises ReportStoreError where it cannot tell all of them.

    Without `notices` nothing is told of channels.
    """

    system: System
    store: ReportStore
    verdicts: Judged
    version: str
    notices: NoticeBoard | None = None

    async def values(self) -> Values:
        """Every metric with its values; one that has none yet has an empty list."""
        facts = await self.verdicts.all_facts()
        gates = tuple(decide(one) for one in facts)
        comparable = [one for one in facts if one.data.spec.comparable]
        tally = await self.store.tally()
        chain = await self.store.audit_chain()
        running = [run for run in await self.store.runs(limit=NEWEST_RUNS) if run.status is RunStatus.RUNNING]
        return {
            metrics.BUILD_INFO: [_sample(1, self.version)],
            metrics.AUDIT_CHAIN_INTACT: [_sample(chain.intact)],
            metrics.RUNNING: [_sample(len(running))],
            metrics.COVERAGE: [_sample(_coverage(one), one.data.spec.name) for one in comparable],
            **_of_gates(gates),
            **_of_open(tally.domains, await self.store.open_records(), await self.store.open_kinds()),
            **_of_runs(tally, [domain.name for domain in self.system.comparable]),
            **(await _of_notices(self.notices) if self.notices else {}),
        }


def _sample(value: float, *labels: str) -> Sample:
    return Sample(labels=labels, value=float(value))


def _of_gates(gates: Sequence[Gate]) -> Values:
    """What the gates say as of now."""
    soaks = [(gate.domain, gate.soak) for gate in gates if gate.soak is not None]
    elapsed = ((domain, soak.elapsed) for domain, soak in soaks)
    return {
        metrics.GATE_VERDICT: [
            _sample(gate.verdict is verdict, gate.domain, verdict.value) for gate in gates for verdict in GateVerdict
        ],
        metrics.GATE_CHECK_PASS: list(_checks(gates)),
        metrics.GATE_CHECKS_WAIVED: [_sample(len(gate.waived), gate.domain) for gate in gates],
        metrics.APPROVAL_PENDING: [_sample(gate.verdict is GateVerdict.READY, gate.domain) for gate in gates],
        metrics.READS_TARGET: [
            _sample(gate.reads is Reads.POSTGRES, gate.domain) for gate in gates if gate.reads is not None
        ],
        metrics.FLAG_WITHOUT_GO: [_sample(bool(gate.alarm), gate.domain) for gate in gates],
        metrics.SOAK_ELAPSED: [_sample(time.total_seconds() if time else 0, domain) for domain, time in elapsed],
        metrics.SOAK_REQUIRED: [_sample(soak.needed.total_seconds(), domain) for domain, soak in soaks],
    }


def _checks(gates: Iterable[Gate]) -> Iterator[Sample]:
    """Every check that weighs; one that is waived does not pass."""
    for gate in gates:
        for check in gate.checks:
            if check.result is not CheckResult.INFO:
                yield _sample(check.result is CheckResult.PASS, gate.domain, check.name)


def _coverage(facts: GateFacts) -> float:
    """The least coverage of the domain's entities in the newest scan of today's rules."""
    scan = gather(facts.data).scan
    seen = {entity.entity: entity.coverage for entity in scan.entities} if scan else {}
    return min((seen.get(entity.name, 0.0) for entity in facts.data.spec.entities), default=0.0)


def _of_open(
    compared: Iterable[str], records: Mapping[tuple[str, str], int], kinds: Mapping[tuple[str, str], int]
) -> Values:
    """What differs now; 0 only of a domain that some run has looked at."""
    states = [state.value for state in OPEN_STATES]
    open_now = {(domain, state): count for (domain, state), count in records.items() if state in states}
    domains = sorted({*compared, *(domain for domain, _ in open_now)})
    by_state = {(domain, state): 0 for domain in domains for state in sorted(states)} | open_now
    by_kind = {(domain, kind): 0 for domain in domains for kind in KINDS} | dict(kinds)
    return {
        metrics.OPEN_RECORDS: [_sample(count, *labels) for labels, count in by_state.items()],
        metrics.OPEN_DIFFS: [_sample(count, *labels) for labels, count in by_kind.items()],
    }


def _of_runs(tally: Tally, domains: Iterable[str]) -> Values:
    """What runs add up to; a domain that is configured and was never scanned whole was scanned at 0, long ago."""
    scanned = {name: tally.scanned[name].timestamp() if name in tally.scanned else metrics.NEVER for name in domains}
    return {
        metrics.COMPARED: [_sample(count, name) for name, count in tally.compared.items()],
        metrics.FOUND_TOTAL: [_sample(count, name, outcome.value) for (name, outcome), count in tally.found.items()],
        metrics.TRANSIENT: [_sample(count, name) for name, count in tally.cleared.items()],
        metrics.RUNS: [_sample(count, name, verdict.value) for (name, verdict), count in tally.results.items()],
        metrics.LAST_RUN: [_sample(at.timestamp(), name, verdict.value) for (name, verdict), at in tally.ended.items()],
        metrics.LAST_COMPLETE_RUN: [_sample(at, name) for name, at in scanned.items()],
        metrics.RUN_DURATION: [
            Sample(labels=(mode.value,), value=lengths) for mode, lengths in sorted(tally.lengths.items())
        ],
    }


async def _of_notices(board: NoticeBoard) -> Values:
    """How channels do, and what did not start by itself."""
    states = await board.states()
    health = [state.health for state in states]
    return {
        metrics.NOTIFICATIONS: [_sample(count, *labels) for labels, count in (await board.results()).items()],
        metrics.NOTIFICATIONS_PENDING: [_sample(one.pending, one.channel) for one in health],
        metrics.NOTIFICATIONS_DEAD: [_sample(one.dead, one.channel) for one in health],
        metrics.CHANNEL_WELL: [_sample(state.well, state.channel.name) for state in states],
        metrics.SCHEDULE_MISSED: [_sample(count, *labels) for labels, count in (await board.missed()).items()],
    }
