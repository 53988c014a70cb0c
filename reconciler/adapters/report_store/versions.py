"""Versions of the configuration: a row for each change that was seen, and the entry of the audit log beside it."""

import json

from sqlite_utils import Database

from reconciler.adapters.report_store import auditing
from reconciler.adapters.report_store.recording import insert
from reconciler.adapters.report_store.texts import dump, dump_mapping, load_mapping, safe, to_micros, to_time
from reconciler.core.access import SERVICE
from reconciler.core.audit import Act, AuditAction
from reconciler.core.versions import ConfigVersion, policy_changes, rule_changes

NEWEST_FIRST = (
    "SELECT domain, config_digest, policy_digest, rules, policy, first_seen_at FROM config_versions "
    "WHERE domain = ? ORDER BY id DESC LIMIT ?"
)


def note(db: Database, version: ConfigVersion) -> bool:
    """Adds the version unless the newest one is the same; a change is written into the audit log as well."""
    before = next(iter(newest(db, domain=version.domain, limit=1)), None)
    if before is not None and before.same_as(version):
        return False
    row: dict[str, object] = {
        "domain": version.domain,
        "config_digest": version.config_digest,
        "policy_digest": version.policy_digest,
        "rules": safe(dump([dict(rule) for rule in version.rules])),
        "policy": dump_mapping(version.policy),
        "first_seen_at": to_micros(version.first_seen_at),
    }
    insert(db, "config_versions", row)
    if before is not None:
        _audit(db, before, version)
    return True


def newest(db: Database, *, domain: str, limit: int) -> list[ConfigVersion]:
    """The domain's versions, newest first."""
    return [
        ConfigVersion(
            domain=name,
            config_digest=config_digest,
            policy_digest=policy_digest,
            rules=tuple(json.loads(rules)),
            policy=load_mapping(policy),
            first_seen_at=to_time(at),
        )
        for name, config_digest, policy_digest, rules, policy, at in db.execute(NEWEST_FIRST, [domain, limit])
    ]


def _audit(db: Database, before: ConfigVersion, after: ConfigVersion) -> None:
    """One act for changed rules, one for changed policy."""
    acts = (
        (AuditAction.RULES_CHANGED, rule_changes(before, after), after.config_digest),
        (AuditAction.POLICY_CHANGED, policy_changes(before, after), after.policy_digest),
    )
    for action, changes, digest in acts:
        if changes:
            comment = f"{'; '.join(changes)}; digest {digest}"
            auditing.append(
                db,
                Act(actor=SERVICE, action=action, at=after.first_seen_at, domain=after.domain, comment=comment),
            )
