"""The record on the command line, and signed answers that count only while they are fresh and whole."""

import json
from pathlib import Path

import pytest

from tests.acceptance.command import CommandLine

pytestmark = pytest.mark.acceptance


def test_the_record_of_a_domain_is_written_in_every_format_and_noted(reconciler: CommandLine) -> None:
    reconciler("config", "accept", "address", "--comment", "ours").ended(0)
    names = ("r.html", "r.md", "r.json", "r.xml", "r.csv")
    reconciler("rehearse", "address", "--minutes", "4", "--comment", "walked <b>through</b>").ended(0)
    said = reconciler("report", "address", *(part for name in names for part in ("--output", name))).ended(0)

    assert (said.stdout, said.stderr.count("written: ")) == ("", 5)
    made = {name: (reconciler.folder / name).read_text(encoding="utf-8") for name in names}
    assert "walked &lt;b&gt;through&lt;/b&gt;" in made["r.html"]
    assert "walked &#60;b&#62;through" in made["r.md"]
    record = json.loads(made["r.json"])
    assert record["domains"][0]["configured_by"] == "tester"
    assert all("nswered for by" in made[name] for name in ("r.html", "r.md"))
    assert record["domains"][0]["rollback_plan"]["rehearsals"][0]["comment"] == "walked <b>through</b>"
    assert record["made_by"] == "tester"
    assert record["audit"]["entries"] >= 1
    assert record["domains"][0]["audit"][0]["comment"] == "record as html, markdown, json, junit, csv"
    assert 'name="gate.verdict"' in made["r.xml"]
    assert made["r.csv"].startswith("domain,verdict,check,")
    assert {(reconciler.folder / name).stat().st_mode & 0o777 for name in names} == {0o600}


def test_the_record_of_all_is_printed_where_no_file_is_named(reconciler: CommandLine) -> None:
    said = reconciler("report").ended(0)
    assert said.stdout.startswith("# Record of ")
    assert said.stdout.count("\n## ") == len(reconciler("gate", "--format", "jsonl").ended(3).lines())
    reconciler("report", "--format", "html", "--output", "all.report").ended(0)
    assert (reconciler.folder / "all.report").read_text(encoding="utf-8").startswith("<!doctype html>")
    reconciler("report", "address", "--output", "nowhere/r.html").ended(4)
    reconciler("report", "nobody").ended(2)


def test_a_signed_answer_is_judged_and_fails_closed(reconciler: CommandLine) -> None:
    folder = reconciler.folder
    reconciler("gate", "address", "--format", "jwt", "--nonce", "n-1", "--output", "gate.jwt").ended(3)
    (folder / "keys.json").write_text(reconciler("gate", "--public-key").ended(0).stdout, encoding="utf-8")
    verify = ("gate", "address", "--verify", "gate.jwt", "--nonce", "n-1")

    for more in ((), ("--trust", "keys.json")):
        said = reconciler(*verify, *more).ended(3)
        assert said.stdout == "address: no_data, signed, fresh\n"
    assert (folder / "gate.jwt").read_text().strip() == reconciler.heard[0].stdout.strip()
    for wrong in (
        ("gate", "auth", "--verify", "gate.jwt", "--nonce", "n-1"),
        ("gate", "address", "--verify", "gate.jwt"),
        ("gate", "address", "--verify", "gate.jwt", "--nonce", "n-2"),
        ("gate", "address", "--verify", "nowhere.jwt", "--nonce", "n-1"),
        (*verify, "--trust", "gate.jwt"),
    ):
        assert reconciler(*wrong).ended(3).stdout == ""
    elsewhere = reconciler.given(RECONCILER_REPORTS=str(folder / "other"))
    elsewhere("gate", "--public-key").ended(0)
    assert "not trusted" in elsewhere(*verify).ended(3).stderr
    reconciler("gate", "--verify", "gate.jwt").ended(2)
    reconciler("gate", "--format", "jwt").ended(2)


def test_verifying_makes_no_key(reconciler: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "gate.jwt").write_text("a.b.c")
    reconciler("gate", "address", "--verify", "gate.jwt").ended(4)
    assert not (reconciler.reports / "signing.key").exists()
