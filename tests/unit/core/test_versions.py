"""What is told when a configuration changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from reconciler.core.rules import RuleKind, RuleSpec
from reconciler.core.spec import GatePolicy
from reconciler.core.versions import ConfigVersion, policy_changes, rule_changes, version_of
from tests.unit.gate_world import domain_spec, entity_spec

pytestmark = pytest.mark.unit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
IGNORE = RuleSpec(path="note", kind=RuleKind.IGNORE, owner="s.lee", reason="renamed")
UP_TO = RuleSpec(
    path="total", kind=RuleKind.TOLERANCE, owner="m.ortiz", reason="rounded", tolerance=Decimal("0.010"),
    until=date(2026, 4, 1),
)  # fmt: skip


def version(*rules: RuleSpec, digest: str = "sha256:a", **policy: object) -> ConfigVersion:
    entities = (replace(entity_spec(), rules=rules),)
    spec = domain_spec(entities=("address",), config_digest=digest, policy_digest=f"sha256:{policy}")
    return version_of(replace(spec, entities=entities, policy=GatePolicy(**policy)), NOON)  # type: ignore[arg-type]


def test_a_version_holds_its_rules_as_text() -> None:
    assert version(UP_TO).rules == (
        {
            "entity": "address", "path": "total", "kind": "tolerance", "owner": "m.ortiz", "reason": "rounded",
            "tolerance": "0.01", "until": "2026-04-01",
        },
    )  # fmt: skip


def test_versions_are_the_same_whenever_they_are_seen() -> None:
    assert version().same_as(replace(version(), first_seen_at=NOON + timedelta(days=1)))
    assert not version().same_as(version(digest="sha256:b"))
    assert not version().same_as(version(approvals=2))


def test_rules_added_removed_and_changed_are_named() -> None:
    before = version(IGNORE, digest="sha256:a")
    after = version(replace(IGNORE, owner="m.ortiz"), UP_TO, digest="sha256:b")
    assert rule_changes(before, after) == (
        "added: tolerance of 0.01 on address.total until 2026-04-01 (owner m.ortiz: rounded)",
        "changed: ignore on address.note (owner s.lee: renamed) is now ignore on address.note (owner m.ortiz: renamed)",
    )
    assert rule_changes(after, version(UP_TO, digest="sha256:c")) == (
        "removed: ignore on address.note (owner m.ortiz: renamed)",
    )
    assert rule_changes(before, before) == ()


def test_a_change_of_the_mapping_alone_is_told_as_that() -> None:
    (told,) = rule_changes(version(IGNORE), version(IGNORE, digest="sha256:b"))
    assert told.startswith("mapping or invariants changed")


def test_a_change_of_policy_names_what_it_was_and_is() -> None:
    assert policy_changes(version(), version(approvals=2)) == ("approvals was 1 and is 2",)
    assert policy_changes(version(), version()) == ()
