"""Versions of the configuration are kept once each, and a change of one is in the audit log with its digest."""

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.adapters.report_store import SqliteReportStore
from reconciler.app.ports import AuditFilter
from reconciler.core.audit import AuditAction
from reconciler.core.versions import ConfigVersion
from reconciler.errors import Conflict
from tests.contract.report_store.samples import ADDRESS, NOON, act

pytestmark = pytest.mark.contract

RULE = {"entity": "address", "path": "note", "kind": "ignore", "owner": "s.lee", "reason": "ünïcode \ud800"}
FIRST = ConfigVersion(
    domain="address",
    config_digest="sha256:a",
    policy_digest="sha256:p",
    rules=(),
    policy={"approvals": "1"},
    first_seen_at=NOON,
)
RULED = replace(FIRST, config_digest="sha256:b", rules=(RULE,), first_seen_at=NOON + timedelta(hours=1))
ACCEPT = act(AuditAction.CONFIG_ACCEPTED)


async def answers(store: SqliteReportStore, version: ConfigVersion = FIRST) -> str:
    """Who answers for the domain where that version is the one in force."""
    spec = replace(ADDRESS, config_digest=version.config_digest, policy_digest=version.policy_digest)
    return (await store.history(spec, since=NOON)).configured_by


async def test_a_version_is_kept_when_it_is_first_seen(store: SqliteReportStore) -> None:
    assert await store.config_versions("address") == []
    assert await store.note_config_version(FIRST)
    assert not await store.note_config_version(replace(FIRST, first_seen_at=NOON + timedelta(minutes=1)))
    assert await store.note_config_version(RULED)
    assert await store.config_versions("address") == [RULED, FIRST]
    assert await store.config_versions("address", limit=1) == [RULED]
    assert await store.config_versions("review") == []


async def test_going_back_to_an_old_configuration_is_a_change_too(store: SqliteReportStore) -> None:
    for version in (FIRST, RULED, replace(FIRST, first_seen_at=NOON + timedelta(hours=2))):
        assert await store.note_config_version(version)
    assert [one.config_digest for one in await store.config_versions("address")] == ["sha256:a", "sha256:b", "sha256:a"]


async def test_each_change_is_in_the_audit_log_the_first_sight_is_not(store: SqliteReportStore) -> None:
    await store.note_config_version(FIRST)
    assert await store.audit(AuditFilter()) == []
    await store.note_config_version(RULED)
    await store.note_config_version(replace(RULED, policy_digest="sha256:q", policy={"approvals": "2"}))
    rules, policy = sorted(await store.audit(AuditFilter()), key=lambda entry: entry.number)
    assert (rules.act.action, rules.act.domain, rules.act.at) == (
        AuditAction.RULES_CHANGED,
        "address",
        RULED.first_seen_at,
    )
    assert "added: ignore on address.note (owner s.lee" in rules.act.comment
    assert rules.act.comment.endswith("digest sha256:b")
    assert policy.act.action is AuditAction.POLICY_CHANGED
    assert policy.act.comment == "approvals was 1 and is 2; digest sha256:q"


async def test_a_persons_word_for_a_configuration_is_stored_once_with_its_act(store: SqliteReportStore) -> None:
    assert await answers(store) == ""
    first = await store.answer_for_configuration(FIRST, act=ACCEPT)
    again = await store.answer_for_configuration(FIRST, act=act(AuditAction.CONFIG_ACCEPTED, name=" KIM"))
    assert first == again
    assert (first.actor, first.at, await answers(store)) == ("kim", NOON, "kim")
    assert [entry.act.action for entry in await store.audit(AuditFilter())] == [AuditAction.CONFIG_ACCEPTED]


async def test_the_first_who_answers_for_a_configuration_stays_the_one(store: SqliteReportStore) -> None:
    await store.answer_for_configuration(FIRST, act=ACCEPT)
    with pytest.raises(Conflict, match="one that kim does"):
        await store.answer_for_configuration(FIRST, act=act(AuditAction.CONFIG_ACCEPTED, name="lou"))
    assert await answers(store) == "kim"


async def test_nobody_answers_for_another_configuration_nor_for_one_that_came_back(store: SqliteReportStore) -> None:
    await store.answer_for_configuration(FIRST, act=ACCEPT)
    assert await answers(store, RULED) == ""
    await store.note_config_version(replace(FIRST, policy_digest="sha256:q"))
    assert await answers(store) == ""
    await store.note_config_version(FIRST)
    assert await answers(store) == ""
    await store.answer_for_configuration(FIRST, act=act(AuditAction.CONFIG_ACCEPTED, name="lou"))
    assert await answers(store) == "lou"
