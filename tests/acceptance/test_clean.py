"""Stores that agree: everything is seen, everything matches, nothing else is said."""

from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.command import CommandLine, command_line, entities
from tests.acceptance.live import SEED, LiveSandbox, Shop

pytestmark = pytest.mark.acceptance


@pytest.mark.parametrize("seed", [SEED, 11])
def test_agreeing_stores_are_clean_and_seen_whole(live_sandbox: LiveSandbox, tmp_path: Path, seed: int) -> None:
    with live_sandbox.shop(live_sandbox.template(seed=seed)) as shop:
        reconciler = command_line(mongodb_uri=shop.reader_mongodb_uri, pg_url=shop.reader_pg_url, folder=tmp_path)
        run = reconciler.run(code=0)

    found = entities(run)
    assert run["verdict"] == "clean"
    assert {name: one["outcomes"]["matched"] for name, one in found.items()} == shop.summary.matched
    assert {name: one["compared"] for name, one in found.items()} == shop.summary.matched
    for name, one in found.items():
        counts = Counter(one["outcomes"])
        assert counts.total() == one["seen"]
        assert counts["matched"] + counts["out_of_scope"] == one["seen"]
        assert counts["out_of_scope"] <= shop.summary.out_of_scope.get(name, 0)
        assert one["coverage"] == 1.0
        assert not any(invariant["violations"] for invariant in one["invariants"])
    assert [domain["clusters"] for domain in run["domains"]] == [[]] * len(run["domains"])
    assert reconciler.diffs() == []


def test_the_counts_are_those_of_the_stores(shop: Shop, reconciler: CommandLine) -> None:
    found = entities(reconciler.run("address", "review", "category", code=0))

    for name, collection, table in (
        ("address", "addresses", "addresses"),
        ("review", "reviews", "reviews"),
        ("category", "categories", "categories"),
    ):
        assert found[name]["source_records"] == shop.mongo[collection].count_documents({})
        assert found[name]["target_records"] == shop.value(f"select count(*) from {table}")  # noqa: S608 - our own names


def test_the_invariants_of_every_domain_are_looked_at_on_both_sides(reconciler: CommandLine) -> None:
    found = entities(reconciler.run(code=0))
    judged = {(one["name"], one["side"]) for entity in found.values() for one in entity["invariants"]}

    for name in ("unique_email", "one_primary_per_user", "no_parent_cycles", "contiguous_levels", "rating_from_1_to_5"):
        assert {(name, "source"), (name, "target")} <= judged
    assert ("equal_sums_per_currency", "both") in judged


def test_a_run_is_told_the_same_way_by_every_command(reconciler: CommandLine) -> None:
    run = reconciler.run("address", "config", code=0)
    number = str(run["run"]["id"])

    assert reconciler("runs", "show", number, "--format", "json").ended(0).json(like="run") == run
    assert reconciler("runs", "list", "--format", "json").ended(0).json() == [run]
    assert reconciler("runs", "list", "--format", "jsonl").ended(0).lines(like="run") == [run]
    assert reconciler("clusters", "list", "--format", "json").ended(0).json() == []
    text = reconciler("runs", "show", number).ended(0).stdout
    assert "clean" in text
    assert "address" in text


def test_standard_output_holds_the_answer_and_standard_error_the_talk(reconciler: CommandLine) -> None:
    answer = reconciler("run", "address", "--format", "json").ended(0)

    answer.json(like="run")
    assert "\x1b" not in answer.said
    assert "Warning" not in answer.stderr
    assert "Traceback" not in answer.stderr


def test_expired_records_are_out_of_scope_whatever_they_hold(shop: Shop, reconciler: CommandLine) -> None:
    shop.mongo["tempverifications"].update_many({}, {"$currentDate": {"expiresAt": True}})
    run = reconciler.run("auth", code=0)

    entity = entities(run)["temp_verification"]
    assert entity["outcomes"]["matched"] == 0
    assert entity["compared"] == 0
    assert sum(count for name, count in entity["outcomes"].items() if name != "out_of_scope") == 0
