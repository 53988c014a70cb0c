"""Runs, gates and clusters for the tests of what they are rendered as, with text that tries to break out."""

from dataclasses import replace

from reconciler.app.ports import ClusterCount, StoredDiff, StoredField, StoredRun
from reconciler.app.renderings.answers import FoundCluster, GateAnswer, RunAnswer
from reconciler.core.gate import Gate, GateVerdict
from reconciler.core.gate_values import Check, CheckResult
from reconciler.core.history import DomainRun
from reconciler.core.model import DiffKind, DiffState, Mode, Outcome, RunStatus
from tests.unit.gate_world import a_run, at, summary

POISON = "|<b>`x`</b>\n::error::no\r=1+1 @everyone ]]> \x1b[31m \ud800 \u202e [a](http://b) --> &amp; #12"
DIFFERING = summary(matched=90, outcomes={Outcome.FIELD_MISMATCH: 8})


def a_stored_run(*parts: DomainRun, **changes: object) -> StoredRun:
    run = StoredRun(
        id=12,
        mode=Mode.SCAN,
        status=RunStatus.COMPLETED,
        seed=None,
        trigger="test",
        started_at=at(0),
        finished_at=at(1),
        config_digest="sha256:config",
        code_version="1.0",
        domains=parts or (a_run(12, hours=0),),
    )
    return replace(run, **changes)  # type: ignore[arg-type]


def a_cluster(number: int = 1, *, title: str = "postalCode: leading zero lost") -> ClusterCount:
    return ClusterCount(
        id=f"K-{number}",
        domain="address",
        entity="address",
        path="postalCode",
        kind="value",
        title=title,
        cause="leading zero lost",
        diffs=8,
        first_run=1,
        last_run=12,
        first_seen_at=at(0),
        last_seen_at=at(1),
    )


def a_diff(number: int = 1, *, key: str = "64f1", source: object = "01234", redacted: str | None = None) -> StoredDiff:
    field = StoredField(
        path="postalCode",
        kind=DiffKind.VALUE,
        source=source,
        target="1234",
        redacted=redacted,
        cluster="K-1",
    )
    return StoredDiff(
        id=number,
        run=12,
        domain="address",
        entity="address",
        key=key,
        locator=key,
        outcome=Outcome.FIELD_MISMATCH,
        state=DiffState.CONFIRMED,
        first_seen_at=at(0),
        last_seen_at=at(1),
        first_run=1,
        fields=(field,),
        cluster=None,
    )


def found(*, title: str = "postalCode: leading zero lost", diff: StoredDiff | None = None) -> FoundCluster:
    return FoundCluster(cluster=a_cluster(title=title), sample=(diff or a_diff(),))


def run_found(*parts: DomainRun, text: str = "") -> RunAnswer:
    """A run with a cluster; `text` stands in every place that data can reach."""
    told = (found(title=text, diff=a_diff(key=text, source=text)) if text else found(),)
    noted = tuple(replace(part, notes=(text,)) for part in parts) if text else parts
    return RunAnswer(run=a_stored_run(*noted), found=told)


def a_gate(verdict: GateVerdict, *results: CheckResult, text: str = "as measured", domain: str = "address") -> Gate:
    checks = tuple(
        Check(name=f"check_{number}", result=result, measured=text, needed=text, since=at(0), evidence=text)
        for number, result in enumerate(results)
    )
    return Gate(
        domain=domain,
        verdict=verdict,
        policy_digest="sha256:policy",
        evidence_digest="sha256:evidence",
        valid_until=at(24),
        checks=checks,
        flip="ADDRESS_STORE=postgres",
        rollback="ADDRESS_STORE=mongo",
        reason=text,
        next_step=text,
    )


def gate_found(gate: Gate, *, text: str = "") -> GateAnswer:
    told = found(title=text, diff=a_diff(key=text, source=text)) if text else found()
    return GateAnswer(asked_at=at(0), gates=(gate,), found=(told,))
