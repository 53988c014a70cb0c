"""Every fault of the demo, planted into real stores: exactly those records, told the same way by every command."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.config_files import load_configuration
from reconciler.app.cluster_stories import ClusterStory
from reconciler.core.causes.beginnings import Points
from reconciler.sandbox.faults import PLANTED
from reconciler.wiring import open_reports, stories
from tests.acceptance.command import CommandLine, command_line, counts, entities, results
from tests.acceptance.live import LiveSandbox, Shop

pytestmark = pytest.mark.acceptance
Said = tuple[str, str, str, str | None, str | None]
Outcomes = Counter[tuple[str, str]]
NEVER_SUMMED = {"config_setting", "config_setting_history", "funds_ledger_entry"}
TWO_ROWS_OF_ONE_KEY = "review_legacy_id_twice"


@pytest.fixture(scope="module")
def spoilt(live_sandbox: LiveSandbox) -> Iterator[Shop]:
    with live_sandbox.shop(live_sandbox.template(planted=True)) as shop:
        yield shop


@pytest.fixture(scope="module")
def scanned(spoilt: Shop, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A command line that has scanned the faults once."""
    folder = tmp_path_factory.mktemp("scanned")
    return command_line(mongodb_uri=spoilt.reader_mongodb_uri, pg_url=spoilt.reader_pg_url, folder=folder)


@pytest.fixture(scope="module")
def run(scanned: CommandLine) -> dict[str, Any]:
    return scanned.run(code=1)


@pytest.fixture(scope="module")
def diffs(scanned: CommandLine, run: dict[str, Any]) -> list[dict[str, Any]]:
    return scanned.diffs("--run", str(run["run"]["id"]))


def expected(shop: Shop) -> Counter[Said]:
    """What has to be said of each planted record; a secret part of a key is cut off."""
    return Counter(
        (one.entity, one.key.split("/")[0] if one.is_prefix else one.key, one.outcome, one.path, one.kind)
        for one in shop.planted
    )


def said(diffs: list[dict[str, Any]], shop: Shop) -> Counter[Said]:
    """What was said of each record, in the same words."""
    secret = {one.entity for one in shop.planted if one.is_prefix}
    found: Counter[Said] = Counter()
    for diff in diffs:
        key = diff["key"].split("/")[0] if diff["entity"] in secret else diff["key"]
        for field in diff["fields"] or [{"path": None, "kind": None}]:
            found[diff["entity"], key, diff["outcome"], field["path"], field["kind"]] += 1
    return found


def outcomes_of_runs(run: dict[str, Any]) -> Outcomes:
    """The differing outcomes that a run counts, by entity."""
    return +Counter(
        {
            (name, outcome): count
            for name, one in entities(run).items()
            for outcome, count in one["outcomes"].items()
            if outcome not in ("matched", "out_of_scope")
        }
    )


def test_exactly_the_planted_records_differ_each_in_its_way(spoilt: Shop, diffs: list[dict[str, Any]]) -> None:
    assert set(said(diffs, spoilt)) == set(expected(spoilt))


def test_each_cluster_has_a_cause_with_evidence_and_points_to_a_writer(
    scanned: CommandLine, run: dict[str, Any]
) -> None:
    told = asyncio.run(_stories(scanned))
    assert len(told) >= len({cluster["id"] for domain in run["domains"] for cluster in domain["clusters"]})
    unknown = {story.cluster.path for story in told if not story.cause.known}
    assert unknown <= {"metadata.raw.ok"}, "only a masked value that tells nothing may go without a cause"
    assert all(story.cause.evidence for story in told if story.cause.known and not _secret(story))
    assert {story.beginning.points_to for story in told} == {Points.BACKFILL}, "nothing was scanned before"
    assert all(story.steps for story in told)


def _secret(story: ClusterStory) -> bool:
    return "secret" in story.cause.sentence


async def _stories(line: CommandLine) -> list[ClusterStory]:
    """Every open cluster with all that is told of it."""
    config = load_configuration(folder=Path(line.environment["RECONCILER_CONFIG"]), environ=line.environment)
    async with open_reports(config) as reports:
        return [await stories(reports).tell(one.id) for one in await reports.store.clusters()]


def test_each_planted_record_is_one_diff_but_two_rows_of_one_key_are_two(
    spoilt: Shop, diffs: list[dict[str, Any]]
) -> None:
    twice = [one.key for one in spoilt.planted if one.label == TWO_ROWS_OF_ONE_KEY and one.outcome == "key_defect"]

    assert said(diffs, spoilt) - expected(spoilt) == Counter(
        {("review", key, "key_defect", None, None): 1 for key in twice}
    )


def test_reading_every_record_says_the_same_as_checksums(
    spoilt: Shop, run: dict[str, Any], diffs: list[dict[str, Any]], tmp_path: Path
) -> None:
    line = command_line(mongodb_uri=spoilt.reader_mongodb_uri, pg_url=spoilt.reader_pg_url, folder=tmp_path)
    streamed = line.run(code=1, RECONCILER_RUNS__METHOD="stream")

    assert {one["method"] for one in entities(streamed).values()} == {"stream"}
    summed = {name for name, one in entities(run).items() if one["method"] == "checksum"}
    assert NEVER_SUMMED <= set(entities(run)) - summed <= {*NEVER_SUMMED, "user"}
    assert said(line.diffs(), spoilt) == said(diffs, spoilt)
    assert {name: counts(one) for name, one in entities(run).items()} == {
        name: counts(one) for name, one in entities(streamed).items()
    }


def test_every_fault_is_confirmed_and_in_a_cluster(diffs: list[dict[str, Any]]) -> None:
    assert {diff["state"] for diff in diffs} == {"confirmed"}
    assert all(field["cluster"] for diff in diffs for field in diff["fields"])
    assert all(diff["cluster"] or diff["fields"] for diff in diffs)


def test_the_counts_add_up_and_are_those_of_the_diffs(run: dict[str, Any], diffs: list[dict[str, Any]]) -> None:
    for one in entities(run).values():
        assert sum(one["outcomes"].values()) == one["seen"]
        assert one["compared"] == one["outcomes"]["matched"] + one["outcomes"]["field_mismatch"]
    assert outcomes_of_runs(run) == Counter((diff["entity"], diff["outcome"]) for diff in diffs)


def test_only_the_domains_with_faults_are_red(spoilt: Shop, run: dict[str, Any]) -> None:
    red = {fault.domain for fault in PLANTED}

    assert {domain["domain"] for domain in run["domains"] if domain["verdict"] == "diffs"} == red
    assert {domain["verdict"] for domain in run["domains"] if domain["domain"] not in red} == {"clean"}
    assert red == {one.domain for one in spoilt.planted}


def test_clusters_gather_the_diffs_of_one_cause(
    scanned: CommandLine, run: dict[str, Any], diffs: list[dict[str, Any]]
) -> None:
    listed = {one["id"]: one for one in scanned("clusters", "list", "--format", "json").ended(0).json()}
    in_run = {one["id"]: one for domain in run["domains"] for one in domain["clusters"]}
    members = Counter(
        cluster
        for diff in diffs
        for cluster in {diff["cluster"], *(field["cluster"] for field in diff["fields"])}
        if cluster
    )

    assert {name: one["diffs"] for name, one in listed.items()} == members
    assert {name: one["diffs"] for name, one in in_run.items()} == members
    largest = max(listed.values(), key=lambda one: (one["path"] == "postalCode", one["diffs"]))
    assert largest["title"] == "postalCode: leading zero lost"
    shown = scanned("clusters", "show", largest["id"], "--format", "json").ended(0).json()
    assert {diff["id"] for diff in shown["sample"]} == {
        diff["id"] for diff in diffs if any(field["cluster"] == largest["id"] for field in diff["fields"])
    }
    assert "leading zero lost" in scanned("clusters", "show", largest["id"]).ended(0).stdout


def test_one_diff_is_shown_as_the_list_shows_it(scanned: CommandLine, diffs: list[dict[str, Any]]) -> None:
    for diff in (diffs[0], next(one for one in diffs if one["entity"] == "address" and one["fields"])):
        number = str(diff["id"])
        assert scanned("diffs", "show", number, "--format", "json").ended(0).json(like="diff") == diff
        assert diff["key"] in scanned("diffs", "show", number).ended(0).stdout


def test_lists_are_narrowed_by_domain_and_state(scanned: CommandLine, diffs: list[dict[str, Any]]) -> None:
    assert scanned.diffs("--domain", "review") == [diff for diff in diffs if diff["domain"] == "review"]
    assert scanned.diffs("--state", "resolved") == []
    assert len(scanned.diffs("--state", "confirmed")) == len(diffs)
    assert scanned("diffs", "list", "--format", "json").ended(0).json() == diffs


def test_check_agrees_with_the_run_about_single_records(
    scanned: CommandLine, spoilt: Shop, diffs: list[dict[str, Any]]
) -> None:
    one_of_each = {diff["outcome"]: diff for diff in diffs if diff["entity"] != "refresh_token"}
    assert len(one_of_each) == 4
    for outcome, diff in one_of_each.items():
        checked = (
            scanned("check", f"{diff['domain']}.{diff['entity']}", diff["key"], "--format", "json").ended(1).json()
        )
        told = {(one["key"], one["outcome"]) for one in checked["diffs"]}
        assert (diff["key"], outcome) in told
        fields = [(one["path"], one["kind"]) for found in checked["diffs"] for one in found["fields"]]
        assert fields == [(one["path"], one["kind"]) for one in diff["fields"]]
    spoilt_keys = {one.key for one in spoilt.planted}
    healthy = next(key for key in spoilt.keys("addresses") if key not in spoilt_keys)
    assert scanned("check", "address", healthy, "--format", "json").ended(0).json()["diffs"] == []
    assert scanned("check", "address", "f" * 24, "--format", "json").ended(5).json()["diffs"] == []


def test_gates_of_the_spoilt_domains_are_closed(scanned: CommandLine, run: dict[str, Any]) -> None:
    gates = {gate["domain"]: gate for gate in scanned("gate", "--format", "json").ended(1).json()}
    for domain in {fault.domain for fault in PLANTED}:
        assert (gates[domain]["verdict"], results(gates[domain])["open_diffs"]) == ("no_go", "fail")
    assert results(gates["review"])["key_integrity"] == "fail"
    assert results(gates["config"])["depends_on"] == "fail"


def test_a_key_defect_names_the_row_or_the_key_as_it_is_stored(spoilt: Shop, diffs: list[dict[str, Any]]) -> None:
    defects = {diff["key"] for diff in diffs if diff["outcome"] == "key_defect" and diff["entity"] == "review"}

    nameless = spoilt.value("select id from reviews where legacy_object_id is null")
    assert f"id:{nameless}" in defects
    upper = spoilt.value("select legacy_object_id from reviews where legacy_object_id <> lower(legacy_object_id)")
    assert upper in defects


def test_the_counts_are_in_the_text_too(scanned: CommandLine, run: dict[str, Any]) -> None:
    text = scanned("runs", "show", str(run["run"]["id"])).ended(0).stdout

    assert "postalCode: leading zero lost" in text
    assert "33 differ" in text
    assert "exit 1" in text
    (country,) = (one["softened"]["country"] for name, one in entities(run).items() if name == "address")
    assert f"address: made equal by rule: country {country}," in text


def test_planted_then_mended_is_resolved_and_planted_again_regressed(shop: Shop, reconciler: CommandLine) -> None:
    key, other = shop.keys("addresses")[:2]
    city = shop.value("select city from addresses where legacy_object_id = $1", key)
    shop.set_target("addresses", key, city="Elsewhere")
    first = reconciler.run("address", code=1)
    (diff,) = reconciler.diffs()
    assert (diff["state"], diff["first_seen_at"] <= diff["last_seen_at"]) == ("confirmed", True)

    shop.set_target("addresses", key, city=city)
    shop.set_target("addresses", other, label="only here")
    reconciler.run("address", code=1)
    states = {one["key"]: one["state"] for one in reconciler.diffs()}
    assert states == {key: "resolved", other: "confirmed"}
    assert reconciler("clusters", "list", "--format", "json").ended(0).json()[0]["path"] == "label"

    shop.set_target("addresses", key, city="Elsewhere")
    reconciler.run("address", code=1)
    again = {one["key"]: one for one in reconciler.diffs()}
    assert {name: one["state"] for name, one in again.items()} == {key: "regressed", other: "confirmed"}
    assert (again[key]["id"], again[key]["first_seen_at"]) == (diff["id"], diff["first_seen_at"])
    assert again[key]["last_seen_at"] > diff["last_seen_at"]

    seen_first = reconciler.diffs("--run", str(first["run"]["id"]))
    assert [(one["key"], one["state"]) for one in seen_first] == [(key, "confirmed")]


def test_everything_mended_is_clean_and_nothing_stays_open(
    planted_shop: Shop, shop: Shop, reconciler_on_faults: CommandLine
) -> None:
    dirty = reconciler_on_faults.run("shop_settings", code=1)
    planted_shop.sql("truncate shop_supported_tokens, shop_settings")
    for table in ("shop_settings", "shop_supported_tokens"):
        planted_shop.copy_rows(table, of=shop)

    clean = reconciler_on_faults.run("shop_settings", code=0)
    assert clean["verdict"] == "clean"
    states = [one["state"] for one in reconciler_on_faults.diffs()]
    assert states == ["resolved"] * 8
    assert dirty["run"]["config_digest"] == clean["run"]["config_digest"]
