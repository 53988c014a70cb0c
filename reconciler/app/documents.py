"""What is stored as JSON documents in the shapes of CONTRACT.md, the same for the command line and the API."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from reconciler.app.ports import ClusterCount, StoredDiff, StoredPath, StoredRun
from reconciler.core.audit import AuditEntry, Chain, told
from reconciler.core.gate_values import FlagState, Gate, Sampled, SoakClock
from reconciler.core.groups import Group
from reconciler.core.history import Decision, DomainRun, Waiver
from reconciler.core.mapping_checks import applied
from reconciler.core.model import EntitySummary, InvariantResult, Side
from reconciler.core.rules import RuleSpec
from reconciler.core.sampling import CONFIDENCE, diff_rate_below
from reconciler.core.scanned import ScanProgress
from reconciler.core.summary import domain_verdict, run_verdict
from reconciler.core.versions import ConfigAnswer, ConfigVersion

Document = dict[str, object]
VERSION = 1


def instant(at: datetime | None) -> str | None:
    """ISO 8601 in UTC with `Z` and milliseconds."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def run_document(run: StoredRun, clusters: Sequence[ClusterCount]) -> Document:
    """`reconciler run --format json`."""
    return {
        "version": VERSION,
        "run": run_head(run),
        "verdict": run_verdict(run.domains).value,
        "domains": [
            _domain(domain, [one for one in clusters if one.domain == domain.domain]) for domain in run.domains
        ],
    }


def progress_document(one: ScanProgress) -> Document:
    """How far the scan of an entity is."""
    return {
        "domain": one.domain,
        "entity": one.entity,
        "source_records": one.records[Side.SOURCE],
        "target_records": one.records[Side.TARGET],
        "at": instant(one.at),
        "whole": one.whole,
    }


def run_head(run: StoredRun) -> Document:
    """A run without its domains."""
    return {
        "id": run.id,
        "mode": run.mode.value,
        "status": run.status.value,
        "seed": run.seed,
        "started_at": instant(run.started_at),
        "finished_at": instant(run.finished_at),
        "config_digest": run.config_digest,
        "code_version": run.code_version,
        "trigger": run.trigger,
    }


def _domain(run: DomainRun, clusters: Sequence[ClusterCount]) -> Document:
    """One domain's part of a run."""
    return {
        "domain": run.domain,
        "verdict": domain_verdict(run).value,
        "entities": [_entity(entity) for entity in run.entities],
        "clusters": [cluster_document(one) for one in clusters],
        "notes": [*run.notes, *([run.error] if run.error else [])],
        "dualwrite_gaps": run.gaps,
        "canaries": {"planted": run.canaries_planted, "caught": run.canaries_caught},
    }


def _entity(summary: EntitySummary) -> Document:
    """One entity's counts."""
    return {
        "entity": summary.entity,
        "source_records": summary.source_records,
        "target_records": summary.target_records,
        "seen": summary.seen,
        "compared": summary.compared,
        "outcomes": {outcome.value: count for outcome, count in summary.outcomes.items()},
        "cleared": summary.cleared,
        "unconfirmed": summary.unconfirmed,
        "coverage": summary.coverage,
        "method": summary.method,
        "complete": summary.complete,
        "softened": dict(summary.softened),
        "ignored": dict(summary.ignored),
        "tolerated": dict(summary.tolerated),
        "schema": _schema(summary),
        "invariants": [_invariant(one) for one in summary.invariants],
        "sample": _sample(summary),
    }


def _sample(summary: EntitySummary) -> Document | None:
    """What a sample drew of an entity and what that proves; None in the other modes."""
    draw = summary.sample
    if draw is None:
        return None
    return {
        "size": draw.size,
        "even": draw.even,
        "population": draw.population,
        "confidence": float(CONFIDENCE),
        "diff_rate_below": diff_rate_below(summary),
    }


def _invariant(result: InvariantResult) -> Document:
    """How an invariant came out."""
    return {
        "name": result.name,
        "side": result.side,
        "violations": result.violations,
        "sample_keys": list(result.sample_keys),
    }


def cluster_document(cluster: ClusterCount) -> Document:
    """A cluster with its count."""
    return {
        "id": cluster.id,
        "title": cluster.title,
        "domain": cluster.domain,
        "entity": cluster.entity,
        "path": cluster.path,
        "kind": cluster.kind,
        "cause": cluster.cause,
        "diffs": cluster.diffs,
        "open": cluster.open,
        "first_run": cluster.first_run,
        "last_run": cluster.last_run,
        "first_seen_at": instant(cluster.first_seen_at),
        "last_seen_at": instant(cluster.last_seen_at),
        "owner": cluster.owner or None,
        "note": cluster.note or None,
        "link": cluster.link or None,
    }


def diff_document(diff: StoredDiff) -> Document:
    """One line of `reconciler diffs list --format jsonl`."""
    return {
        "id": diff.id,
        "run": diff.run,
        "domain": diff.domain,
        "entity": diff.entity,
        "key": diff.key,
        "outcome": diff.outcome.value,
        "state": diff.state.value,
        "first_seen_at": instant(diff.first_seen_at),
        "last_seen_at": instant(diff.last_seen_at),
        "first_run": diff.first_run,
        "cluster": diff.cluster,
        "detail": diff.detail,
        "fields": [
            {
                "path": field.path,
                "kind": field.kind.value,
                "source": field.source,
                "target": field.target,
                "cluster": field.cluster,
            }
            | ({"redacted": field.redacted} if field.redacted else {})
            | ({"note": field.note} if field.note else {})
            for field in diff.fields
        ],
    }


def gate_document(gate: Gate) -> Document:
    """`reconciler gate DOMAIN --format json`."""
    return {
        "domain": gate.domain,
        "verdict": gate.verdict.value,
        "policy_digest": gate.policy_digest,
        "evidence_digest": gate.evidence_digest,
        "valid_until": instant(gate.valid_until),
        "checks": [
            {
                "name": check.name,
                "result": check.result.value,
                "measured": check.measured,
                "needed": check.needed,
                "since": instant(check.since),
                "evidence": check.evidence,
            }
            for check in gate.checks
        ],
        "flip": gate.flip,
        "rollback": gate.rollback,
        "reason": gate.reason,
        "next_step": gate.next_step,
        "reads": gate.reads.value if gate.reads else None,
        "soak": _soak(gate.soak) if gate.soak else None,
        "sampled": _sampled(gate.sampled) if gate.sampled else None,
        "waived": [check.name for check in gate.waived],
        "alarm": gate.alarm or None,
    }


def group_document(group: Group) -> Document:
    """`reconciler gate --group NAME --format json`."""
    return {
        "group": group.name,
        "verdict": group.verdict.value,
        "reason": group.told,
        "next_step": group.next_step,
        "valid_until": instant(group.valid_until),
        "flip": group.flip,
        "rollback": group.rollback,
        "domains": [gate_document(gate) for gate in group.gates],
    }


def _soak(clock: SoakClock) -> Document:
    """The soak as a clock."""
    return {
        "since": instant(clock.since),
        "event": clock.event.value if clock.event else None,
        "told": clock.told,
        "elapsed_seconds": None if clock.elapsed is None else int(clock.elapsed.total_seconds()),
        "needed_seconds": int(clock.needed.total_seconds()),
        "ends_at": instant(clock.ends_at),
    }


def _sampled(sampled: Sampled) -> Document:
    """What samples since the newest scan say."""
    return {
        "runs": sampled.runs,
        "newest_run": sampled.newest_run,
        "at": instant(sampled.at),
        "confidence": float(CONFIDENCE),
        "diff_rate_below": sampled.diff_rate_below,
    }


def _schema(summary: EntitySummary) -> Document | None:
    """What a run saw of both schemas; None where nothing looked."""
    look = summary.schema
    if look is None:
        return None
    unmentioned = [
        {"side": one.side, "path": one.path, "count": one.count, "of": one.looked_at} for one in look.unmentioned
    ]
    return {"lacks": list(look.lacks), "hints": list(look.hints), "unmentioned": unmentioned}


def rule_document(entity: str, rule: RuleSpec, *, now: datetime, scan: DomainRun | None) -> Document:
    """A declared rule, whether it is in force, and how many records the newest scan applied it to."""
    size = rule.tolerance
    return {
        "entity": entity,
        "path": rule.path,
        "kind": rule.kind.value,
        "tolerance": f"{size.total_seconds():g}s" if isinstance(size, timedelta) else size and f"{size:f}",
        "owner": rule.owner,
        "reason": rule.reason,
        "until": rule.until and rule.until.isoformat(),
        "in_force": rule.applies_at(now),
        "applied": applied(scan, entity, rule),
    }


def path_document(path: StoredPath) -> Document:
    """A field or column that no specification mentions."""
    return {
        "entity": path.entity,
        "side": path.side,
        "path": path.path,
        "count": path.count,
        "of": path.looked_at,
        "first_run": path.first_run,
        "first_seen_at": instant(path.first_seen_at),
        "last_run": path.last_run,
        "last_seen_at": instant(path.last_seen_at),
    }


def version_document(version: ConfigVersion) -> Document:
    """A version of a domain's configuration."""
    return {
        "config_digest": version.config_digest,
        "policy_digest": version.policy_digest,
        "first_seen_at": instant(version.first_seen_at),
        "rules": [dict(rule) for rule in version.rules],
    }


def decision_document(decision: Decision) -> Document:
    """A request, approval, rejection or revocation."""
    return {
        "id": decision.id,
        "domain": decision.domain,
        "action": decision.action,
        "evidence_digest": decision.evidence_digest,
        "actor": decision.actor,
        "comment": decision.comment,
        "at": instant(decision.at),
        "voided": decision.voided or None,
        "entry": decision.entry,
    }


def config_answer_document(answer: ConfigAnswer) -> Document:
    """Somebody's word for a domain's configuration."""
    return {
        "domain": answer.version.domain,
        "config_digest": answer.version.config_digest,
        "policy_digest": answer.version.policy_digest,
        "actor": answer.actor,
        "comment": answer.comment,
        "at": instant(answer.at),
    }


def waiver_document(waiver: Waiver) -> Document:
    """A check set aside, or waiting to be."""
    return {
        "id": waiver.id,
        "domain": waiver.domain,
        "check": waiver.check,
        "reason": waiver.reason,
        "until": instant(waiver.until),
        "most": waiver.most,
        "asked_by": waiver.asked_by,
        "asked_at": instant(waiver.asked_at),
        "confirmed_by": waiver.confirmed_by or None,
        "confirmed_at": instant(waiver.confirmed_at),
        "ended_by": waiver.ended_by or None,
        "ended_at": instant(waiver.ended_at),
    }


def flag_document(domain: str, state: FlagState) -> Document:
    """Where a domain is read from, as it was seen or recorded."""
    return {
        "domain": domain,
        "reads": state.reads.value if state.reads else None,
        "since": instant(state.since),
        "had_go": state.had_go,
        "origin": state.origin,
    }


def entry_document(entry: AuditEntry) -> Document:
    """One line of `reconciler audit export`: all that the entry's digest covers, and the digest."""
    return told(entry) | {"digest": entry.digest}


def chain_document(chain: Chain) -> Document:
    """What was proved of an audit log."""
    return {"intact": chain.intact, "entries": chain.entries, "head": chain.head, "trouble": chain.trouble or None}
