"""The record of a domain: everything a release manager signs or files, gathered once and as of one moment."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from reconciler.app.documents import (
    Document,
    chain_document,
    cluster_document,
    decision_document,
    entry_document,
    gate_document,
    instant,
    waiver_document,
)
from reconciler.app.ports import AuditFilter, ReportStore
from reconciler.app.renderings.answers import FoundCluster, GateAnswer, gate_answer
from reconciler.core.approval_checks import rejections, valid_approvals
from reconciler.core.audit import AuditEntry, Chain
from reconciler.core.evidence import evidence_text, gather
from reconciler.core.gate import Action, Gate, GateFacts, decide
from reconciler.core.history import Decision, DomainRun, Waiver
from reconciler.core.model import EntitySummary, Mode, RunStatus
from reconciler.core.summary import domain_verdict

MOST_ENTRIES: Final = 200
VERSION: Final = 1


class Facts(Protocol):
    """The part of `Verdicts` that a record asks."""

    async def facts(self, domain: str) -> GateFacts:
        """As `Verdicts.facts`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """Who has records made, when, of which install: `made_by` is a name, `version` the code's."""

    made_at: datetime
    made_by: str
    title: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRecord:
    """One domain. `scan` is the newest sealed one, `holding` the decisions that count today, `audit` newest first.

    `evidence` is the canonical JSON whose SHA-256 is the gate's evidence digest; empty while there is none.
    """

    facts: GateFacts
    gate: Gate
    evidence: str
    found: tuple[FoundCluster, ...]
    scan: DomainRun | None
    holding: frozenset[int]
    plan_sections: Mapping[str, str]
    audit: tuple[AuditEntry, ...]

    @property
    def identities(self) -> Mapping[str, str]:
        """Which stores were compared, by side, as the newest scan was told."""
        return self.scan.identities if self.scan else {}

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Newest first."""
        return tuple(sorted(self.facts.data.history.decisions, key=lambda one: one.id, reverse=True))

    def worth(self, decision: Decision) -> str:
        """`holds`, `void` and why where that was noted, or `done` of what did its work when it was made."""
        if decision.action not in (Action.APPROVE, Action.REJECT):
            return "done"
        if decision.id in self.holding:
            return "holds"
        return f"void: {decision.voided}" if decision.voided else "void"

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """Newest first, those that are over among them."""
        return tuple(sorted(self.facts.data.history.waivers, key=lambda one: one.id, reverse=True))

    @property
    def runs(self) -> tuple[DomainRun, ...]:
        """Newest first, as far back as the gate looks."""
        return self.facts.data.history.runs

    @property
    def entities(self) -> tuple[EntitySummary, ...]:
        """What the newest scan counted."""
        return self.scan.entities if self.scan else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The record of one or more domains, with the state of the audit log that it was made beside."""

    making: Making
    domains: tuple[DomainRecord, ...]
    chain: Chain

    @property
    def answer(self) -> GateAnswer:
        """The gates with their clusters."""
        gates = tuple(one.gate for one in self.domains)
        found = tuple(cluster for one in self.domains for cluster in one.found)
        return GateAnswer(gates=gates, found=found, asked_at=self.making.made_at)


async def make_record(
    domains: Sequence[str],
    *,
    verdicts: Facts,
    store: ReportStore,
    plans: Mapping[str, Mapping[str, str]],
    making: Making,
) -> Record:
    """The record of these domains; `plans` has the sections of the written way back by domain and heading."""
    parts = tuple([await _part(name, verdicts=verdicts, store=store, sections=plans.get(name, {})) for name in domains])
    return Record(making=making, domains=parts, chain=await store.audit_chain())


async def _part(name: str, *, verdicts: Facts, store: ReportStore, sections: Mapping[str, str]) -> DomainRecord:
    """One domain."""
    facts = await verdicts.facts(name)
    gate = decide(facts)
    answer = await gate_answer(store, [gate], asked_at=facts.data.now)
    digest = gate.evidence_digest
    holding = (*valid_approvals(facts, digest=digest), *rejections(facts, digest=digest))
    return DomainRecord(
        facts=facts,
        gate=gate,
        evidence=evidence_text(facts, gather(facts.data)),
        found=answer.found,
        scan=next((one for one in facts.data.history.runs if _sealed_scan(one)), None),
        holding=frozenset(one.id for one in holding),
        plan_sections=sections,
        audit=tuple(await store.audit(AuditFilter(domain=name, newest_first=True, limit=MOST_ENTRIES))),
    )


def _sealed_scan(run: DomainRun) -> bool:
    return run.mode is Mode.SCAN and run.status is RunStatus.COMPLETED


# -- as JSON -----------------------------------------------------------------------------------------------------------


def record_document(record: Record) -> Document:
    """`reconciler report --format json`."""
    making = record.making
    return {
        "version": VERSION,
        "made_at": instant(making.made_at),
        "made_by": making.made_by,
        "title": making.title,
        "code_version": making.version,
        "audit": chain_document(record.chain),
        "domains": [_domain(one) for one in record.domains],
    }


def _domain(record: DomainRecord) -> Document:
    spec = record.facts.data.spec
    return {
        "domain": spec.name,
        "title": spec.title,
        "config_digest": spec.config_digest or None,
        "configured_by": record.facts.data.history.configured_by or None,
        "gate": gate_document(record.gate),
        "evidence": json.loads(record.evidence) if record.evidence else None,
        "stores": dict(record.identities),
        "coverage": [_entity(one) for one in record.entities],
        "clusters": [cluster_document(one.cluster) for one in record.found],
        "rollback_plan": _plan(record),
        "decisions": [decision_document(one) | {"today": record.worth(one)} for one in record.decisions],
        "waivers": [waiver_document(one) for one in record.waivers],
        "runs": [_run(one) for one in record.runs],
        "audit": [entry_document(one) for one in record.audit],
    }


def _entity(entity: EntitySummary) -> Document:
    return {
        "entity": entity.entity,
        "seen": entity.seen,
        "compared": entity.compared,
        "coverage": entity.coverage,
        "outcomes": {outcome.value: count for outcome, count in entity.outcomes.items()},
    }


def _plan(record: DomainRecord) -> Document:
    plan, rehearsals = record.facts.plan, record.facts.data.history.rehearsals
    return {
        "owner": plan.owner if plan else None,
        "problems": list(plan.problems) if plan else ["no plan is written"],
        "sections": dict(record.plan_sections),
        "rehearsals": [
            {"minutes": one.minutes, "comment": one.comment, "actor": one.actor, "at": instant(one.at)}
            for one in rehearsals
        ],
    }


def _run(run: DomainRun) -> Document:
    return {
        "run": run.run_id,
        "mode": run.mode.value,
        "status": run.status.value,
        "verdict": domain_verdict(run).value,
        "compared": sum(entity.compared for entity in run.entities),
        "started_at": instant(run.started_at),
        "code_version": run.code_version,
        "config_digest": run.config_digest,
        "policy_digest": run.policy_digest,
    }
