"""Versions of the configuration: a row for each change that was seen, its audit entry, and who answers for it."""

import json

from sqlite_utils import Database

from reconciler.adapters.report_store import auditing
from reconciler.adapters.report_store.recording import insert
from reconciler.adapters.report_store.texts import dump, dump_mapping, load_mapping, safe, to_micros, to_time
from reconciler.core.access import SERVICE
from reconciler.core.approval_checks import person
from reconciler.core.audit import Act, AuditAction
from reconciler.core.spec import DomainSpec
from reconciler.core.versions import ConfigAnswer, ConfigVersion, policy_changes, rule_changes
from reconciler.errors import Conflict

NEWEST_FIRST = (
    "SELECT domain, config_digest, policy_digest, rules, policy, first_seen_at FROM config_versions "
    "WHERE domain = ? ORDER BY id DESC LIMIT ?"
)


ANSWERED = """
    SELECT v.id, a.actor, a.comment, a.at FROM config_versions v LEFT JOIN config_answers a ON a.id = v.id
    WHERE v.id = (SELECT MAX(id) FROM config_versions WHERE domain = ?) AND v.config_digest = ? AND v.policy_digest = ?
"""


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


def answered_by(db: Database, domain: DomainSpec) -> str:
    """Who answers for the domain's configuration of today; empty where nobody does, or another one was seen since."""
    found = db.execute(ANSWERED, [domain.name, domain.config_digest, domain.policy_digest]).fetchone()
    return (found[1] or "") if found else ""


def answer(db: Database, version: ConfigVersion, *, act: Act) -> ConfigAnswer:
    """Stores that somebody answers for this version, the newest; once. Raises Conflict where another person does."""
    note(db, version)
    key = [version.domain, version.config_digest, version.policy_digest]
    number, actor, *_ = db.execute(ANSWERED, key).fetchone()
    if actor is not None and person(actor) != person(act.actor.name):
        raise Conflict(
            f"the configuration of {version.domain} is answered for",
            expected="a configuration that nobody answers for yet",
            got=f"one that {actor} does",
            next_step="leave it at that: one person answers for a configuration, others approve",
        )
    if actor is None:
        entry = auditing.append(db, act)
        values = [number, safe(act.actor.name), safe(act.comment), to_micros(act.at), entry.number]
        db.execute("INSERT INTO config_answers (id, actor, comment, at, entry) VALUES (?, ?, ?, ?, ?)", values)
    _, name, comment, at = db.execute(ANSWERED, key).fetchone()
    return ConfigAnswer(version=version, actor=name, comment=comment, at=to_time(at))


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
