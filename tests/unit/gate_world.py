"""A small world for the tests of the gate: one domain whose gate is at `go`, and the ways to bend it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.core.audit import BEGINNING, Chain
from reconciler.core.gate import Check, DataFacts, FlagState, Gate, GateFacts, Reads, RollbackPlan, decide
from reconciler.core.history import Decision, DomainHistory, DomainRun, Rehearsal
from reconciler.core.model import EntitySummary, InvariantResult, Mode, Outcome, RunStatus
from reconciler.core.schema_look import SchemaLook
from reconciler.core.spec import (
    DomainSpec,
    EntitySpec,
    FieldKind,
    FieldSpec,
    GatePolicy,
    InvariantKind,
    InvariantSpec,
)

START = datetime(2025, 11, 20, tzinfo=UTC)
CONFIG, POLICY, CODE = "sha256:config", "sha256:policy", "1.0"
PLAN = RollbackPlan(owner="s.lee", rollback_command="kubectl set env deploy/api ADDRESS_STORE=mongo")
INTACT = Chain(entries=0, head=BEGINNING)
STORES = {"source": "rs0", "target": "7301"}


def at(hours: float) -> datetime:
    """That many hours after the start of the world."""
    return START + timedelta(hours=hours)


def entity_spec(name: str = "address") -> EntitySpec:
    return EntitySpec(
        name=name,
        collection=f"{name}es",
        table=f"{name}es",
        fields=(FieldSpec(path="_id", kind=FieldKind.IDENTITY, column="legacy_object_id"),),
        key=("_id",),
    )


def invariant_spec(name: str = "one_primary") -> InvariantSpec:
    return InvariantSpec(name=name, entity="address", kind=InvariantKind.AT_MOST_ONE)


def domain_spec(name: str = "address", *, entities: tuple[str, ...] = ("address",), **changes: object) -> DomainSpec:
    spec = DomainSpec(
        name=name,
        title=name,
        entities=tuple(entity_spec(entity) for entity in entities),
        flag=f"{name.upper()}_STORE",
        not_comparable="" if entities else "no PostgreSQL side",
        config_digest=CONFIG,
        policy_digest=POLICY,
    )
    return replace(spec, **changes)  # type: ignore[arg-type]


def summary(entity: str = "address", *, matched: int = 100, **changes: object) -> EntitySummary:
    """An entity where everything matched, unless `outcomes` says otherwise; `seen` and `compared` follow from them."""
    given = changes.pop("outcomes", {})
    assert isinstance(given, Mapping)
    outcomes = {**dict.fromkeys(Outcome, 0), Outcome.MATCHED: matched, **given}
    made = EntitySummary(
        entity=entity,
        source_records=matched,
        target_records=matched,
        seen=sum(outcomes.values()),
        compared=outcomes[Outcome.MATCHED] + outcomes[Outcome.FIELD_MISMATCH],
        outcomes=outcomes,
        cleared=0,
        unconfirmed=0,
        coverage=1.0,
        method="stream",
        complete=True,
        schema=SchemaLook(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def broken(violations: int, name: str = "one_primary") -> InvariantResult:
    return InvariantResult(name=name, side="source", violations=violations, sample_keys=())


def a_run(run_id: int, *, hours: float, domain: str = "address", **changes: object) -> DomainRun:
    """A clean scan that took half an hour."""
    run = DomainRun(
        run_id=run_id,
        domain=domain,
        mode=Mode.SCAN,
        status=RunStatus.COMPLETED,
        started_at=at(hours),
        finished_at=at(hours + 0.5),
        config_digest=CONFIG,
        policy_digest=POLICY,
        code_version=CODE,
        entities=(summary(domain),),
        notes=(),
        gaps=0,
        error="",
        canaries_planted=9,
        canaries_caught=9,
        identities=STORES,
    )
    return replace(run, **changes)  # type: ignore[arg-type]


def nightly(*hours: float, domain: str = "address") -> tuple[DomainRun, ...]:
    """Clean scans at those hours, numbered from 1, newest first as the store gives them."""
    return tuple(a_run(number, hours=hour, domain=domain) for number, hour in enumerate(hours, 1))[::-1]


NIGHTS = nightly(0, 24, 48, 72, 96)


def a_history(*runs: DomainRun, **changes: object) -> DomainHistory:
    rehearsal = Rehearsal(domain="address", minutes=4, comment="in staging", actor="s.lee", at=at(10))
    history = DomainHistory(
        runs=runs, open_confirmed=0, open_unconfirmed=0, last_diff_at=None, decisions=(), rehearsals=(rehearsal,)
    )
    return replace(history, **changes)  # type: ignore[arg-type]


def some_facts(
    history: DomainHistory | None = None, *, spec: DomainSpec | None = None, hours: float = 100, **changes: object
) -> GateFacts:
    """The facts of a domain that lacks nothing but an approval."""
    data = DataFacts(
        spec=spec or domain_spec(),
        now=at(hours),
        history=history or a_history(*NIGHTS),
        code_version=CODE,
        gaps_watched=True,
    )
    return replace(GateFacts(data=data, chain=INTACT, plan=PLAN), **changes)  # type: ignore[arg-type]


def with_data(facts: GateFacts, **changes: object) -> GateFacts:
    return replace(facts, data=replace(facts.data, **changes))  # type: ignore[arg-type]


def with_history(facts: GateFacts, **changes: object) -> GateFacts:
    return with_data(facts, history=replace(facts.data.history, **changes))  # type: ignore[arg-type]


def with_policy(facts: GateFacts, **changes: object) -> GateFacts:
    """Other limits under the same digest, as if every run had been made under them."""
    policy: GatePolicy = replace(facts.data.spec.policy, **changes)  # type: ignore[arg-type]
    return with_data(facts, spec=replace(facts.data.spec, policy=policy))


def a_decision(
    number: int = 1, *, action: str = "approve", digest: str | None, actor: str = "m.ortiz", hours: float = 99
) -> Decision:
    return Decision(
        id=number,
        domain="address",
        action=action,
        evidence_digest=digest or "",
        actor=actor,
        comment="read",
        at=at(hours),
    )


def decided(facts: GateFacts, *decisions: Decision) -> GateFacts:
    return with_history(facts, decisions=(*facts.data.history.decisions, *decisions))


def approved(facts: GateFacts) -> GateFacts:
    """The same facts with one approval of today's evidence, an hour old."""
    now = (facts.data.now - START) / timedelta(hours=1)
    return decided(facts, a_decision(digest=decide(facts).evidence_digest, hours=now - 1))


def flipped(facts: GateFacts, *, had_go: bool = True) -> GateFacts:
    return replace(facts, flag=FlagState(reads=Reads.POSTGRES, since=at(99.5), had_go=had_go))


def check(gate: Gate, name: str) -> Check:
    (found,) = (one for one in gate.checks if one.name == name)
    return found


def results(gate: Gate) -> dict[str, str]:
    """How each check came out, those that pass or inform left out."""
    return {one.name: one.result.value for one in gate.checks if one.result.value not in ("pass", "info")}
