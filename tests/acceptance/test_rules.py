"""Declared rules on real stores: what they set aside is counted and shown, what they may not touch still counts."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.acceptance.command import CommandLine, entities, results
from tests.acceptance.live import Shop

pytestmark = pytest.mark.acceptance
TODAY = datetime.now(UTC).date()
SHORT = {"RECONCILER_GATE__SOAK_WINDOW": "1ms", "RECONCILER_GATE__CLEAN_SCAN_GAP": "1ms"}
RULE = """
[[rule]]
entity = "address"
path = "{path}"
kind = "{kind}"
owner = "s.lee"
reason = "written later on one side"
{more}
"""


def ruled(reconciler: CommandLine, *rules: str) -> CommandLine:
    """The command line on a configuration with these rules for addresses."""
    return reconciler.with_config("domains/address.toml", "[entity.address]", "".join([*rules, "\n[entity.address]"]))


def rule(path: str, *, tolerance: str = "", until: timedelta | None = None) -> str:
    more = [f'tolerance = "{tolerance}"'] if tolerance else []
    more += [f"until = {TODAY + until}"] if until is not None else []
    return RULE.format(path=path, kind="tolerance" if tolerance else "ignore", more="\n".join(more))


def test_what_rules_set_aside_is_counted_and_everything_else_still_counts(shop: Shop, reconciler: CommandLine) -> None:
    relabelled, both, late, later, gone = shop.keys("addresses")[:5]
    shop.set_target("addresses", relabelled, label="Elsewhere")
    shop.set_target("addresses", both, label="Elsewhere", city="Elsewhere")
    shop.sql("update addresses set updated_at = updated_at + interval '3 s' where legacy_object_id = $1", late)
    shop.sql("update addresses set updated_at = updated_at + interval '9 s' where legacy_object_id = $1", later)
    shop.sql("delete from addresses where legacy_object_id = $1", gone)
    given = ruled(reconciler, rule("label"), rule("updatedAt", tolerance="5s"), rule("region"))

    document = given.run("address", code=1)

    found = entities(document)["address"]
    assert (found["ignored"], found["tolerated"]) == ({"label": 2}, {"updatedAt": 1})
    assert {diff["key"]: [field["path"] for field in diff["fields"]] for diff in given.diffs()} == {
        both: ["city"],
        later: ["updatedAt"],
        gone: [],
    }
    assert "ignore rule on address.region (owner s.lee) never applied" in document["domains"][0]["notes"]
    text = given("runs", "show", "1").ended(0).said
    assert "label: differences ignored by rule in 2 records" in text
    given("check", "address", relabelled).ended(0)
    (check,) = (one for one in given.gate("address", code=1)["checks"] if one["name"] == "rules_valid")
    assert (check["result"], "3 rules in force, 3 times applied in run 1" in check["measured"]) == ("pass", True)


def test_a_rule_past_its_end_no_longer_applies_and_shuts_the_gate(shop: Shop, reconciler: CommandLine) -> None:
    shop.set_target("addresses", shop.keys("addresses")[0], label="Elsewhere")
    last_day = ruled(reconciler, rule("label", until=timedelta(0)))
    assert entities(last_day.run("address", code=0))["address"]["ignored"] == {"label": 1}

    file = Path(last_day.environment["RECONCILER_CONFIG"]) / "domains" / "address.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(f"{TODAY}", f"{TODAY - timedelta(1)}"), encoding="utf-8")
    document = last_day.run("address", code=1)

    assert entities(document)["address"]["ignored"] == {}
    assert f"expired after {TODAY - timedelta(1)}" in document["domains"][0]["notes"][0]
    gate = last_day.gate("address", code=1)
    assert results(gate)["rules_valid"] == "fail"
    assert "expired after" in last_day("config", "validate").ended(0).stderr
    assert any(line["about"] == "rules" for line in last_day("doctor", "--format", "json").ended(0).json())


def test_a_changed_rule_starts_the_evidence_anew_and_is_written_down(reconciler: CommandLine) -> None:
    given = reconciler.given(**SHORT)
    given.run("auth", "address", code=0)
    assert results(given.gate("address", code=1))["coverage"] == "pass"

    changed = ruled(given, rule("label"))
    gate = changed.gate("address", code=1)
    assert results(gate)["coverage"] == "inconclusive", "a scan under other rules is no evidence"
    shown = json.loads(changed("config", "show", "--format", "json").ended(0).stdout)
    (rules,) = (one["rules"] for one in shown["domains"] if one["domain"] == "address")
    assert rules[0]["path"] == "label"

    with changed.started("serve", "--port", "0", "--no-scheduler") as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        with urlopen(f"{address}api/v1/domains/address") as answer:  # noqa: S310 - the address that serve printed
            domain = json.load(answer)
        with urlopen(f"{address}domains/address") as answer:  # noqa: S310 - the address that serve printed
            page = answer.read().decode()
    assert [len(version["rules"]) for version in domain["versions"]] == [1, 0]
    assert domain["rules"][0]["in_force"]
    assert "written later on one side" in page
