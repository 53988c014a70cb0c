"""The gate from its first question to a go, and what takes a go away again."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command import CommandLine, command_line, results
from tests.acceptance.live import Shop

pytestmark = pytest.mark.acceptance
FLAGGED = ("auth", "config", "address", "category", "level_config", "shop_settings", "review")
REFERENCE = ("category", "level_config", "shop_settings", "review")
REFERRED = ("marketplace",)  # reviews name purchase requests, so the group waits for it
SHORT = {"RECONCILER_GATE__SOAK_WINDOW": "1ms", "RECONCILER_GATE__CLEAN_SCAN_GAP": "1ms"}


@pytest.fixture(scope="module")
def scanned_twice(untouched_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reports folder in which all flagged domains are rehearsed and were clean twice; the policy has no patience."""
    folder = tmp_path_factory.mktemp("twice")
    reader = command_line(
        mongodb_uri=untouched_shop.reader_mongodb_uri, pg_url=untouched_shop.reader_pg_url, folder=folder
    ).given(**SHORT)
    rehearse(reader, *FLAGGED)
    for _ in range(2):
        reader.run(*FLAGGED, *REFERRED, code=0)
    return reader.reports


@pytest.fixture
def quick(reconciler: CommandLine, scanned_twice: Path) -> CommandLine:
    """A command line that starts from a copy of `scanned_twice`, under the same policy."""
    shutil.copytree(scanned_twice, reconciler.reports)
    return reconciler.given(**SHORT)


def rehearse(reconciler: CommandLine, *domains: str) -> None:
    for domain in domains:
        reconciler("rehearse", domain, "--minutes", "4", "--comment", "walked through in staging").ended(0)


def approve(reconciler: CommandLine, gate: dict[str, Any], *, code: int = 0) -> str:
    """What `approve` says on the evidence of this gate."""
    done = reconciler("approve", gate["domain"], "--comment", "looks right", "--evidence", gate["evidence_digest"])
    return done.ended(code).said


def test_before_any_run_there_is_no_data(reconciler: CommandLine) -> None:
    gate = reconciler.gate("address", code=3)

    assert gate["verdict"] == "no_data"
    assert reconciler.gate("address", "--require", "soaking", code=3)["verdict"] == "no_data"
    assert (gate["flip"], gate["rollback"]) == ("ADDRESS_STORE=postgres", "ADDRESS_STORE=mongo")


def test_a_domain_without_postgresql_is_not_comparable(reconciler: CommandLine) -> None:
    gate = reconciler.gate("chat", "--require", "soaking", code=3)

    assert gate["verdict"] == "not_comparable"
    assert (gate["checks"], gate["evidence_digest"], gate["flip"]) == ([], None, "")
    assert "document-shaped" in reconciler("gate", "chat").ended(3).stdout


def test_the_board_names_every_domain_and_the_worst_verdict_decides(reconciler: CommandLine) -> None:
    answer = reconciler("gate", "--format", "json").ended(3).json()

    verdicts = {gate["domain"]: gate["verdict"] for gate in answer}
    assert {verdicts[domain] for domain in FLAGGED} == {"no_data"}
    assert verdicts["chat"] == verdicts["blog"] == verdicts["runtime_config"] == "not_comparable"
    assert [gate["domain"] for gate in reconciler("gate", "--format", "jsonl").ended(3).lines(like="gate")] == list(
        verdicts
    )


def test_with_the_default_policy_a_clean_domain_soaks(reconciler: CommandLine) -> None:
    rehearse(reconciler, "auth")
    reconciler.run("auth", code=0)

    gate = reconciler.gate("auth", code=3)
    assert gate["verdict"] == "soaking"
    assert results(gate)["soak"] == results(gate)["clean_scans"] == "pending"
    assert reconciler.gate("auth", "--require", "ready", code=3)["verdict"] == "soaking"
    assert reconciler.gate("auth", "--require", "soaking", code=0)["verdict"] == "soaking"


def test_a_plan_that_nobody_rehearsed_closes_the_gate(reconciler: CommandLine) -> None:
    quick = reconciler.given(**SHORT)
    quick.run("auth", code=0)

    gate = quick.gate("auth", code=1)
    assert gate["verdict"] == "no_go"
    assert {name for name, result in results(gate).items() if result == "fail"} == {"rollback_plan"}


def test_two_scans_are_not_three(quick: CommandLine) -> None:
    gate = quick.gate("auth", code=3, RECONCILER_GATE__MIN_CLEAN_SCANS="3")
    assert gate["verdict"] == "soaking"
    assert results(gate)["clean_scans"] == "pending"


def test_from_clean_scans_to_go_and_back_at_the_first_diff(shop: Shop, quick: CommandLine) -> None:
    gates = quick("gate", *FLAGGED, "--require", "ready", "--format", "jsonl").ended(0).lines(like="gate")
    assert [gate["verdict"] for gate in gates] == ["ready"] * len(FLAGGED)
    quick.run("address", code=0)
    old = quick.gate("address", code=3)
    assert old["verdict"] == "soaking", "scans of other databases are not added up"
    quick.run("address", code=0)
    ready = quick.gate("address", code=3)
    assert results(ready)["approvals"] == "pending"
    assert ready["evidence_digest"] != old["evidence_digest"]

    assert ready["evidence_digest"] in approve(quick, old, code=2)
    assert quick.gate("address", code=3)["verdict"] == "ready"

    approve(quick, ready)
    go = quick.gate("address", code=0)
    assert (go["verdict"], go["evidence_digest"]) == ("go", ready["evidence_digest"])
    assert go["valid_until"] > go["checks"][0]["since"]
    assert "go" in quick("gate", "address").ended(0).stdout

    other_policy = quick.given(RECONCILER_GATE__SOAK_WINDOW="2ms").gate("address", code=3)
    assert other_policy["verdict"] == "soaking", "a change of policy restarts the soak"
    assert results(other_policy)["approvals"] == "pending"

    key = shop.keys("addresses")[0]
    city = shop.mongo["addresses"].distinct("city", {"_id": shop.object_id(key)})[0]
    shop.set_target("addresses", key, city="Elsewhere")
    quick.run("address", code=1)
    closed = quick.gate("address", code=1)
    assert closed["verdict"] == "no_go"
    assert results(closed)["open_diffs"] == "fail"
    assert results(closed)["approvals"] == "pending"

    shop.set_target("addresses", key, city=city)
    quick.run("address", code=0)
    mended = quick.gate("address", code=3)
    assert results(mended)["open_diffs"] == "pass"
    quick.run("address", code=0)
    assert quick.gate("address", code=3)["verdict"] == "ready", "the approval of the old evidence must not come back"


def test_an_approval_lapses_by_itself(quick: CommandLine) -> None:
    brief = quick.given(RECONCILER_GATE__APPROVAL_TTL="1ms")
    brief.run("auth", code=0)
    approve(brief, brief.gate("auth", code=3))

    gate = brief.gate("auth", code=3)
    assert (gate["verdict"], results(gate)["approvals"]) == ("ready", "pending")


def test_a_group_opens_as_a_whole(quick: CommandLine) -> None:
    gates = quick("gate", *REFERENCE, "--format", "jsonl").ended(3).lines(like="gate")
    assert [gate["verdict"] for gate in gates] == ["ready"] * 4
    for gate in gates[:3]:
        approve(quick, gate)
    waiting = quick.gate("category", code=3)
    assert (waiting["verdict"], results(waiting)["flip_group"]) == ("ready", "pending")
    held = quick("gate", "--group", "reference", "--format", "json").ended(3).json()
    assert (held["group"], held["verdict"], held["reason"]) == (
        "reference",
        "ready",
        "together or not at all: ready, as review",
    )
    approve(quick, quick.gate("review", code=3))
    said = quick("gate", "--group", "reference").ended(0).stdout.splitlines()
    assert "group reference" in said[0]
    assert sorted(line.split()[1] for line in said[1:5]) == sorted(REFERENCE)
    assert "4 go, exit 0" in said
    assert "one of reference" in quick("gate", "--group", "refrence").ended(2).stderr
    quick("gate", "category", "--group", "reference").ended(2)
    answer = quick("gate", *REFERENCE, "--format", "json").ended(0).json()
    assert [gate["verdict"] for gate in answer] == ["go"] * 4


def test_one_red_domain_closes_its_group_and_those_who_depend_on_it(shop: Shop, quick: CommandLine) -> None:
    shop.sql("update level_configs set color = 'none' where level = 1")
    quick.run("level_config", code=1)

    assert results(quick.gate("category", code=1))["flip_group"] == "fail"
    assert quick.gate("address", "--require", "ready", code=0)["verdict"] == "ready"

    shop.set_target("users", shop.keys("users")[0], role="nobody")
    quick.run("auth", code=1)
    answer = quick("gate", "address", "config", "shop_settings", "--format", "json").ended(1).json()
    for gate in answer:
        assert (gate["verdict"], results(gate)["depends_on"]) == ("no_go", "fail")
        assert results(gate)["open_diffs"] == "pass"


def test_a_scan_of_yesterdays_mapping_is_no_evidence(quick: CommandLine) -> None:
    assert quick.gate("auth", "--require", "ready", code=0)["verdict"] == "ready"

    assert quick.gate("auth", "--require", "soaking", code=3, RECONCILER_GATE__MAX_SCAN_AGE="1ms")["verdict"] == "hold"
    changed = quick.with_config("domains/auth.toml", '"profile.bio" = { kind = "text"', '"profile.bio" = { kind = "ci"')
    gate = changed.gate("auth", "--require", "soaking", code=3)
    assert gate["verdict"] in {"hold", "no_data"}


def test_a_reject_stands_against_an_approval(quick: CommandLine) -> None:
    ready = quick.gate("auth", code=3)
    approve(quick, ready)
    assert quick.gate("auth", code=0)["verdict"] == "go"

    quick("reject", "auth", "--comment", "not today", "--evidence", ready["evidence_digest"]).ended(0)
    assert quick.gate("auth", code=1)["verdict"] == "no_go"


def test_an_approval_of_other_evidence_is_refused(quick: CommandLine) -> None:
    for evidence in ("", "sha256:" + "0" * 64, "latest"):
        quick("approve", "auth", "--comment", "looks right", "--evidence", evidence).ended(2)
    assert quick.gate("auth", "--require", "ready", code=0)["verdict"] == "ready"


def test_the_gate_answers_while_the_stores_are_down(quick: CommandLine) -> None:
    away = {"MONGODB_URI": "mongodb://127.0.0.1:1/shop", "PG_URL": "postgresql://reader@127.0.0.1:1/shop"}

    assert quick.gate("auth", "--require", "ready", code=0, **away)["verdict"] == "ready"
    assert quick.gate("auth", code=3, MONGODB_URI=None, PG_URL=None)["verdict"] == "ready"


def test_an_unresolved_gap_closes_the_gate(shop: Shop, quick: CommandLine) -> None:
    shop.sql(
        "insert into pg_dualwrite_gaps (domain, legacy_object_id, reason, created_at) "
        "values ('auth', '64f1c0a2e9b1d3c4a5b6c7d8', 'the parent row was missing', now())"
    )
    quick.run("auth", code=0)

    gate = quick.gate("auth", code=1)
    assert (gate["verdict"], results(gate)["dualwrite_gaps"]) == ("no_go", "fail")


def test_run_with_gate_prints_the_gates_after_it(reconciler: CommandLine) -> None:
    answer = reconciler("run", "address", "--gate").ended(0)

    assert "no_go" in answer.stdout or "hold" in answer.stdout
