"""`reconciler token`, and commands given with a token, as processes; no store is up."""

import json
from pathlib import Path

import pytest

from reconciler.core.tokens import TEXT
from tests.acceptance.command import CommandLine, command_line

pytestmark = pytest.mark.acceptance


@pytest.fixture
def alone(tmp_path: Path) -> CommandLine:
    """A command line whose stores are nowhere."""
    nowhere = "127.0.0.1:1/nothing"
    return command_line(mongodb_uri=f"mongodb://{nowhere}", pg_url=f"postgresql://{nowhere}", folder=tmp_path)


def made(reconciler: CommandLine, name: str, role: str) -> str:
    answer = reconciler("token", "create", name, "--role", role).ended(0)
    return answer.stdout.strip()


def test_a_token_is_shown_once_listed_and_revoked(alone: CommandLine) -> None:
    document = alone("token", "create", "deploy", "--role", "viewer", "--expires", "30d", "--format", "json").ended(0)
    made = document.json()
    assert TEXT.fullmatch(made["token"])
    assert (made["name"], made["role"], made["state"], made["created_by"]) == ("deploy", "viewer", "live", "tester")
    listed = alone("token", "list", "--format", "json").ended(0)
    assert listed.json() == [{name: value for name, value in made.items() if name != "token"}]
    assert "deploy" in alone("token", "list").ended(0).stdout
    assert "deploy" in alone("token", "create", "Deploy", "--role", "admin").ended(2).said.lower()
    assert alone("token", "revoke", "deploy", "--format", "json").ended(0).json()["state"] == "revoked"
    alone("token", "revoke", "deploy").ended(2)
    later = "".join(one.said for one in alone.heard[1:])
    assert made["token"] not in later


@pytest.mark.parametrize("expires", ["0d", "90", "soon", "", "999999999d"])
def test_a_token_has_a_length_that_can_be_read(alone: CommandLine, expires: str) -> None:
    assert "--expires" in alone("token", "create", "x", "--role", "viewer", "--expires", expires).ended(2).stderr


def test_a_command_with_a_token_has_its_name_and_no_more_than_its_rights(alone: CommandLine, tmp_path: Path) -> None:
    texts = {role: made(alone, f"the-{role}", role) for role in ("viewer", "operator", "admin")}
    rehearse = ("rehearse", "address", "--minutes", "4", "--comment", "in staging", "--format", "json")
    assert alone(*rehearse, RECONCILER_TOKEN=texts["operator"]).ended(0).json()["actor"] == "the-operator"
    file = tmp_path / "token"
    file.write_text(texts["admin"] + "\n", encoding="utf-8")
    assert alone(*rehearse, RECONCILER_TOKEN_FILE=str(file)).ended(0).json()["actor"] == "the-admin"
    assert alone(*rehearse).ended(0).json()["actor"] == "tester"
    refused = alone(*rehearse, RECONCILER_TOKEN=texts["viewer"]).ended(2)
    assert "the right to operate" in refused.stderr
    approve = ("approve", "address", "--comment", "yes", "--evidence", "sha256:" + "0" * 64)
    assert "the right to approve" in alone(*approve, RECONCILER_TOKEN=texts["operator"]).ended(2).stderr
    for command in (("create", "x", "--role", "admin"), ("list",), ("revoke", "the-admin")):
        answer = alone("token", *command, RECONCILER_TOKEN=texts["operator"]).ended(2)
        assert "the right to administer" in answer.stderr
    assert not any(text in one.said for one in alone.heard[3:] for text in texts.values())


def test_a_token_that_does_not_hold_stops_the_command(alone: CommandLine) -> None:
    text = made(alone, "deploy", "admin")
    alone("token", "revoke", "deploy").ended(0)
    for wrong in (text, "reconciler_nothing", "hunter2"):
        answer = alone("rehearse", "address", "--minutes", "4", "--comment", "x", RECONCILER_TOKEN=wrong).ended(2)
        assert "does not hold" in answer.stderr
        assert wrong not in answer.said


def test_the_settings_tell_that_there_is_a_token_and_not_which(alone: CommandLine) -> None:
    shown = alone("config", "show", "--format", "json", RECONCILER_TOKEN="reconciler_x").ended(0)
    assert json.loads(shown.stdout)["settings"]["token"] == "••••"
    assert "reconciler_x" not in shown.said
