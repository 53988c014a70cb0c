"""Versions of a domain's configuration: which mapping, rules and policy were in force since when, and what changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from reconciler.core.rules import RuleSpec
from reconciler.core.spec import DomainSpec

Rule = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigVersion:
    """What a domain was configured as from `first_seen_at` on: digests, rules by name of key, policy as text."""

    domain: str
    config_digest: str
    policy_digest: str
    rules: tuple[Rule, ...]
    policy: Mapping[str, str]
    first_seen_at: datetime

    def same_as(self, other: "ConfigVersion") -> bool:
        """Whether both mean the same, whenever they were seen."""
        mine, others = ((one.domain, one.config_digest, one.policy_digest) for one in (self, other))
        return mine == others


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigAnswer:
    """A person's word that this version is what they brought in or read, and why; it is theirs to answer for."""

    version: ConfigVersion
    actor: str
    comment: str
    at: datetime


def version_of(domain: DomainSpec, at: datetime) -> ConfigVersion:
    """The domain's configuration as it is seen at that time."""
    return ConfigVersion(
        domain=domain.name,
        config_digest=domain.config_digest,
        policy_digest=domain.policy_digest,
        rules=tuple(
            _rule(entity, rule) for entity, rule in sorted(domain.rules, key=lambda one: (one[0], one[1].path))
        ),
        policy={name: str(getattr(domain.policy, name)) for name in domain.policy.__slots__},
        first_seen_at=at,
    )


def rule_changes(before: ConfigVersion, after: ConfigVersion) -> tuple[str, ...]:
    """What changed in mapping and rules, a sentence part each; nothing where the digest is the same."""
    if before.config_digest == after.config_digest:
        return ()
    old, new = ({(rule["entity"], rule["path"]): rule for rule in one.rules} for one in (before, after))
    found = [f"removed: {_told(rule)}" for place, rule in old.items() if place not in new]
    found += [f"added: {_told(rule)}" for place, rule in new.items() if place not in old]
    both = ((old[place], new[place]) for place in old if place in new)
    found += [f"changed: {_told(one)} is now {_told(other)}" for one, other in both if one != other]
    return tuple(found) or ("mapping or invariants changed, no ignore or tolerance rule did",)


def policy_changes(before: ConfigVersion, after: ConfigVersion) -> tuple[str, ...]:
    """What changed in the policy; nothing where the digest is the same."""
    if before.policy_digest == after.policy_digest:
        return ()
    names = sorted({*before.policy, *after.policy})
    pairs = ((name, before.policy.get(name, "none"), after.policy.get(name, "none")) for name in names)
    return tuple(f"{name} was {old} and is {new}" for name, old, new in pairs if old != new)


def _rule(entity: str, rule: RuleSpec) -> Rule:
    """A rule as names and texts."""
    size = {"tolerance": _size(rule.tolerance)} if rule.tolerance is not None else {}
    until = {"until": rule.until.isoformat()} if rule.until else {}
    told = {"entity": entity, "path": rule.path, "kind": rule.kind.value, "owner": rule.owner, "reason": rule.reason}
    return told | size | until


def _size(tolerance: Decimal | timedelta) -> str:
    """A tolerance as text: a number, or seconds."""
    return f"{tolerance.total_seconds():g}s" if isinstance(tolerance, timedelta) else f"{tolerance.normalize():f}"


def _told(rule: Rule) -> str:
    """`tolerance of 0.01 on quote.total until 2026-01-31 (owner s.lee: the provider rounds)`."""
    size = f" of {rule['tolerance']}" if "tolerance" in rule else ""
    until = f" until {rule['until']}" if "until" in rule else ""
    return f"{rule['kind']}{size} on {rule['entity']}.{rule['path']}{until} (owner {rule['owner']}: {rule['reason']})"
