"""What people do on the command line, as processes on real stores: set aside, ask, decide, rehearse, mark, audit."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command import CommandLine, command_line, results
from tests.acceptance.live import Shop

pytestmark = pytest.mark.acceptance
SHORT = {
    "RECONCILER_GATE__SOAK_WINDOW": "1ms",
    "RECONCILER_GATE__MIN_CLEAN_SCANS": "1",
    "RECONCILER_GATE__FOUR_EYES": "true",
}


@pytest.fixture(scope="module")
def scanned(untouched_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reports folder with one clean scan of auth."""
    shop, folder = untouched_shop, tmp_path_factory.mktemp("people")
    reader = command_line(mongodb_uri=shop.reader_mongodb_uri, pg_url=shop.reader_pg_url, folder=folder)
    reader.given(**SHORT).run("auth", code=0)
    return reader.reports


@pytest.fixture
def quick(scanned: Path, tmp_path: Path) -> CommandLine:
    """A command line on a copy of it, with stores that are away: none of this needs them."""
    away = {"mongodb_uri": "mongodb://127.0.0.1:1/shop", "pg_url": "postgresql://reader@127.0.0.1:1/shop"}
    reconciler = command_line(folder=tmp_path, **away).given(**SHORT)
    shutil.copytree(scanned, reconciler.reports)
    return reconciler


def told(reconciler: CommandLine, *arguments: str, code: int = 0, user: str = "ana") -> Any:  # noqa: ANN401 - JSON
    """The JSON of a command given by this person."""
    return reconciler(*arguments, "--format", "json", USER=user).ended(code).json()


def accept(reconciler: CommandLine, *, user: str, code: int = 0) -> str:
    """What is said to who answers for the configuration of auth."""
    return reconciler("config", "accept", "auth", "--comment", "the policy is ours", USER=user).ended(code).said


def decide(reconciler: CommandLine, action: str, *, user: str, code: int = 0) -> str:
    """What a decision on today's evidence of auth says."""
    digest = reconciler("gate", "auth", "--format", "json").json()["evidence_digest"]
    done = reconciler(action, "auth", "--comment", "read", "--evidence", digest, USER=user)
    return done.ended(code).said


def test_a_check_is_set_aside_by_two_people_and_never_green(quick: CommandLine) -> None:
    asked = ("waive", "auth", "rollback_plan", "--reason", "staging is down", "--until", "2099-12-31")
    assert results(quick.gate("auth", code=1))["rollback_plan"] == "fail"
    waiver = told(quick, *asked)
    assert (waiver["asked_by"], waiver["confirmed_by"]) == ("ana", None)
    confirm = ("waive", "auth", "--confirm", str(waiver["id"]), "--reason", "agreed")
    quick(*confirm, USER="Ana").ended(2)
    assert told(quick, *confirm, user="ben")["confirmed_by"] == "ben"
    gate = quick.gate("auth", "--require", "ready", code=0)
    assert (gate["waived"], results(gate)["rollback_plan"]) == (["rollback_plan"], "waived")
    accept(quick, user="cleo")
    decide(quick, "approve", user="ben")
    assert "with 1 waiver (rollback plan)" in quick("gate", "auth").ended(0).stdout
    quick("waive", "auth", "--end", str(waiver["id"]), "--reason", "walked", USER="ana").ended(0)
    quick.gate("auth", code=1)
    quick("waive", "auth", "open_diffs", "--reason", "-", "--until", "2099-12-31", USER="ana").ended(2)


def test_a_rehearsal_is_recorded_and_decisions_follow_each_other(quick: CommandLine) -> None:
    quick("rehearse", "auth", "--minutes", "nan", "--comment", "walked", USER="ana").ended(2)
    rehearsal = told(quick, "rehearse", "auth", "--minutes", "4.5", "--comment", "in staging")
    assert (rehearsal["actor"], rehearsal["minutes"]) == ("ana", 4.5)
    assert "request of auth by ana" in decide(quick, "request", user="ana")
    accept(quick, user="dora")
    decide(quick, "approve", user="ben")
    assert quick.gate("auth", code=0)["verdict"] == "go"
    decide(quick, "reject", user="cleo")
    assert "rejected by cleo" in quick("gate", "auth").ended(1).stdout
    decide(quick, "revoke", user="cleo")
    assert quick.gate("auth", code=3)["verdict"] == "ready", "a revocation voids what was approved before it"


def test_four_eyes_need_one_who_answers_for_the_configuration(quick: CommandLine) -> None:
    told(quick, "rehearse", "auth", "--minutes", "4", "--comment", "in staging")
    decide(quick, "request", user="ana")
    assert "four_eyes" in decide(quick, "approve", user="ANA", code=2)
    decide(quick, "approve", user="ben")
    assert "nobody answers for the configuration" in quick("gate", "auth").ended(3).stdout
    assert "cleo answers for the configuration of auth" in accept(quick, user="cleo")
    assert quick.gate("auth", code=0)["verdict"] == "go"
    accept(quick, user="ben", code=2)
    loosened = quick.gate("auth", code=3, RECONCILER_GATE__MAX_SCAN_AGE="99h")
    assert (loosened["verdict"], results(loosened)["approvals"]) == ("soaking", "pending")
    actions = [entry["action"] for entry in told(quick, "audit", "list", "--domain", "auth", "--limit", "100")]
    assert (actions.count("config_accepted"), actions.count("policy_changed")) == (1, 1)
    assert quick.gate("auth", code=3)["verdict"] == "ready", "a policy that came back takes a new word"


def test_the_audit_log_is_proved_and_a_copy_that_was_changed_is_not(quick: CommandLine, tmp_path: Path) -> None:
    for minutes in ("4", "5"):
        told(quick, "rehearse", "auth", "--minutes", minutes, "--comment", "in staging")
    proof = told(quick, "audit", "verify")
    assert (proof["intact"], proof["entries"]) == (True, 2)
    lines = quick("audit", "export").ended(0).stdout.splitlines()
    entries = [json.loads(line) for line in lines]
    assert [entry["number"] for entry in entries] == [1, 2]
    copy = tmp_path / "audit.jsonl"
    copy.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert told(quick, "audit", "verify", "--file", str(copy))["head"] == entries[-1]["digest"]
    copy.write_text("\n".join(line.replace("5 min", "1 min") for line in lines) + "\n", encoding="utf-8")
    assert "entry 2 was changed" in quick("audit", "verify", "--file", str(copy)).ended(1).said
    copy.write_text(f"{lines[1]}\n", encoding="utf-8")
    assert "entry 1 is missing" in quick("audit", "verify", "--file", str(copy)).ended(1).said

    with closing(sqlite3.connect(quick.reports / "reconciler.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER audit_update_refused")
        connection.execute("UPDATE audit SET actor = 'eve' WHERE id = 2")
    assert "entry 2 was changed" in quick("audit", "verify").ended(1).said
    gate = quick.gate("auth", code=3)
    assert (gate["verdict"], results(gate)["audit_chain"]) == ("hold", "inconclusive")


def test_the_plan_tells_what_is_next_and_takes_a_persons_word(quick: CommandLine) -> None:
    plan = told(quick, "plan")
    steps = {step["step"]: step for phase in plan["phases"] for step in phase["steps"]}
    assert (plan["next"][0], steps["schema"]["state"], steps["auth_verify"]["state"]) == ("schema", "next", "done")
    assert steps["auth_flip"]["state"] == "blocked", "the way back was not rehearsed"
    quick("plan", "mark", "shema", "--comment", "applied", USER="ana").ended(2)
    told(quick, "plan", "mark", "schema", "--comment", "applied 1 to 42")
    assert "marked as done by ana: applied 1 to 42" in quick("plan").ended(0).stdout
    told(quick, "plan", "unmark", "schema", "--comment", "42 failed", user="ben")
    assert "taken back by ben: 42 failed" in " ".join(quick("plan").ended(0).stdout.split())
