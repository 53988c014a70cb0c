"""What the gate says of declared rules: how often they applied, which were never needed, and which have expired."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from reconciler.core.gate import DataFacts, Gate, GateFacts, GateVerdict, data_health, decide
from reconciler.core.rules import RuleKind, RuleSpec
from reconciler.core.schema_look import SchemaLook
from tests.unit.gate_world import (
    NIGHTS,
    a_history,
    approved,
    check,
    domain_spec,
    entity_spec,
    results,
    some_facts,
    summary,
    with_data,
)

pytestmark = pytest.mark.unit


def rule(path: str = "note", *, until: date | None = None) -> RuleSpec:
    return RuleSpec(path=path, kind=RuleKind.IGNORE, owner="s.lee", reason="known", until=until)


def ruled(*rules: RuleSpec, hours: float = 100, **counts: object) -> GateFacts:
    """The facts of a domain with these rules, whose newest scan counted so."""
    spec = domain_spec()
    spec = replace(spec, entities=(replace(entity_spec(), rules=rules),))
    newest = replace(NIGHTS[0], entities=(summary(**counts),))  # type: ignore[arg-type]
    return some_facts(a_history(newest, *NIGHTS[1:]), spec=spec, hours=hours)


def gate(facts: GateFacts) -> Gate:
    return decide(approved(facts))


def test_without_rules_there_is_nothing_to_say() -> None:
    found = gate(some_facts())
    assert found.verdict is GateVerdict.GO
    assert check(found, "rules_valid").measured == "no ignore or tolerance rule is declared"


def test_rules_in_force_are_counted_and_do_not_weigh() -> None:
    found = gate(ruled(rule(), rule("city"), ignored={"note": 1_200}))
    assert found.verdict is GateVerdict.GO
    assert check(found, "rules_valid").measured == (
        "2 rules in force, 1,200 times applied in run 5; never applied: ignore rule on address.city (owner s.lee)"
    )


def test_an_expired_rule_fails_names_its_owner_and_says_since_when() -> None:
    facts = ruled(rule(), rule("city", until=date(2025, 11, 23)), ignored={"note": 1})
    found = gate(facts)
    assert (found.verdict, results(found)) == (GateVerdict.NO_GO, {"rules_valid": "fail"})
    assert "ignore rule on address.city (owner s.lee) expired after 2025-11-23 23:59:59 UTC" in found.reason
    assert check(found, "rules_valid").since == datetime(2025, 11, 23, 23, 59, 59, 999_999, tzinfo=UTC)
    assert "config/domains/address.toml" in found.next_step


def test_the_end_of_a_rule_ends_the_verdict() -> None:
    facts = ruled(rule(until=date(2025, 11, 24)))
    end = datetime(2025, 11, 24, 23, 59, 59, 999_999, tzinfo=UTC)
    assert gate(with_data(facts, now=datetime(2025, 11, 24, 5, tzinfo=UTC))).valid_until == end
    assert data_health(facts.data).valid_until == end


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_whether_a_rule_has_expired_follows_the_time_that_is_passed_in(hours: int) -> None:
    midnight = datetime(2025, 11, 25, tzinfo=UTC)
    facts: DataFacts = with_data(ruled(rule(until=date(2025, 11, 24))), now=midnight + timedelta(hours=hours)).data
    found = next(one for one in data_health(facts).checks if one.name == "rules_valid")
    assert found.result == ("pass" if hours < 0 else "fail")


def test_before_the_first_scan_rules_are_told_without_counts() -> None:
    facts = with_data(ruled(rule()), history=a_history())
    assert check(decide(facts), "rules_valid").measured == "1 rule in force, not applied by a scan yet"


def test_how_often_rules_applied_is_part_of_the_evidence() -> None:
    once, twice = (decide(ruled(rule(), ignored={"note": count})).evidence_digest for count in (1, 2))
    assert once != twice


# -- schema ------------------------------------------------------------------------------------------------------------


def seen(look: SchemaLook | None) -> Gate:
    newest = replace(NIGHTS[0], entities=(summary(schema=look),))
    return gate(some_facts(a_history(newest, *NIGHTS[1:])))


def test_a_missing_unique_index_is_told_and_does_not_weigh() -> None:
    found = seen(SchemaLook(hints=("table public.addresses of entity address has no unique index on id",)))
    assert (found.verdict, check(found, "schema").result) == (GateVerdict.GO, "info")
    assert check(found, "schema").measured.endswith("no unique index on id")


def test_a_column_that_is_missing_holds_the_gate_in_words() -> None:
    found = seen(SchemaLook(lacks=("table public.addresses of entity address has no column city",)))
    assert (found.verdict, results(found)) == (GateVerdict.HOLD, {"schema": "inconclusive"})
    assert "has no column city" in found.reason


def test_a_schema_that_no_scan_looked_at_is_not_known_to_be_right() -> None:
    assert results(seen(None)) == {"schema": "inconclusive"}
