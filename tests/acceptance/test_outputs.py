"""One answer in several formats at once, each whole in its file, and the exit codes as ever."""

import json
import os
import signal
import stat
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.acceptance.command import CommandLine
from tests.acceptance.live import Shop

pytestmark = pytest.mark.acceptance


def cases(path: Path) -> dict[str, list[str]]:
    """What each case of a JUnit file holds."""
    root = ET.fromstring(path.read_bytes())  # noqa: S314 - made by the command
    return {case.get("name", ""): [one.tag for one in case] for case in root.iter("testcase")}


def test_a_run_is_written_in_every_format_at_once(shop: Shop, reconciler: CommandLine) -> None:
    key = shop.keys("addresses")[0]
    shop.set_target("addresses", key, city="Elsewhere")
    folder = reconciler.folder
    summary = folder / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    wanted = ("run.json", "run.xml", "markdown:run.text", "run.md")

    said = reconciler(
        "run", "address", "--format", "github", *(part for one in wanted for part in ("--output", one)),
        GITHUB_STEP_SUMMARY=str(summary),
    ).ended(1)  # fmt: skip

    assert said.stdout.startswith("::error title=reconciler address%3A diffs::run 1")
    document: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert document["verdict"] == "diffs"
    found = cases(folder / "run.xml")
    assert found["run.verdict"] == ["failure"]
    assert [name for name in found if name.startswith("K-")]
    markdown = (folder / "run.md").read_text(encoding="utf-8")
    assert markdown.startswith("❌ **run 1: diffs**")
    assert (folder / "run.text").read_text(encoding="utf-8") == markdown
    assert summary.read_text(encoding="utf-8") == f"before\n{markdown}"
    modes = {stat.S_IMODE((folder / name.rpartition(":")[2]).stat().st_mode) for name in wanted}
    assert modes == {0o600}
    shown = reconciler("runs", "show", "1", "--format", "junit", "--output", "again.xml").ended(0)
    assert shown.stdout == (folder / "run.xml").read_text(encoding="utf-8")
    assert (folder / "again.xml").read_text(encoding="utf-8") == shown.stdout


def test_a_gate_that_is_not_go_is_red_in_junit_and_keeps_its_code(reconciler: CommandLine) -> None:
    reconciler("gate", "address", "--output", "gate.xml", "--output", "jsonl:lines").ended(3)

    found = cases(reconciler.folder / "gate.xml")
    assert (found["gate.verdict"], found["gate.rollback_plan"], found["gate.soak"]) == (
        ["error"],
        ["failure"],
        ["error"],
    )
    assert json.loads((reconciler.folder / "lines").read_text(encoding="utf-8"))["verdict"] == "no_data"
    reconciler("gate", "chat", "--format", "junit").ended(3)
    assert "<skipped" in reconciler.heard[-1].stdout


def test_what_cannot_be_written_is_4_and_said_before_anything_is_done(reconciler: CommandLine) -> None:
    for place in ("nowhere/run.json", f"json:{reconciler.folder}"):
        said = reconciler("run", "address", "--output", place).ended(4)
        assert "cannot be written" in said.stderr
    reconciler("runs", "list").ended(0)
    assert reconciler.heard[-1].stdout.startswith("No run yet")
    said = reconciler("gate", "address", "--output", "gate.pdf").ended(2)
    assert "FORMAT:PATH" in said.stderr
    full = reconciler("gate", "address", "--output", "json:/dev/full").ended(4)
    assert "cannot be written" in full.stderr


def test_an_old_file_is_replaced_as_a_whole_and_a_pipe_is_written_to(reconciler: CommandLine) -> None:
    path = reconciler.folder / "gate.json"
    path.write_text("old " * 10_000, encoding="utf-8")
    reconciler("gate", "address", "--output", "gate.json").ended(3)
    assert json.loads(path.read_text(encoding="utf-8"))["domain"] == "address"
    assert [one.name for one in reconciler.folder.glob(".*.new")] == []
    said = reconciler("gate", "address", "--output", "jsonl:/dev/stderr").ended(3)
    assert json.loads(said.stderr)["domain"] == "address"


def test_waiting_ends_with_the_code_of_the_last_look(reconciler: CommandLine) -> None:
    said = reconciler("gate", "address", "--wait", "--timeout", "300ms", "--interval", "50ms").ended(3)

    assert said.stdout.startswith("◌ address")
    assert said.stderr.count("waiting for go") == 1, "told once as long as nothing changes"
    reconciler("gate", "address", "--wait", "--timeout", "soon").ended(2)


def test_waiting_sees_what_another_process_stored(reconciler: CommandLine) -> None:
    with reconciler.started(
        "gate", "auth", "--wait", "--require", "soaking", "--timeout", "90s", "--interval", "200ms"
    ) as waiting:
        assert waiting.stderr is not None
        assert "no_data" in waiting.stderr.readline()
        reconciler("rehearse", "auth", "--minutes", "4", "--comment", "walked").ended(0)
        reconciler.run("auth", code=0)
        stdout, _ = waiting.communicate(timeout=90)
    assert waiting.returncode == 0
    assert "soaking" in stdout


def test_waiting_is_ended_by_a_signal(reconciler: CommandLine) -> None:
    with reconciler.started("gate", "address", "--wait", "--interval", "60s") as waiting:
        assert waiting.stderr is not None
        waiting.stderr.readline()
        os.kill(waiting.pid, signal.SIGTERM)
        _, stderr = waiting.communicate(timeout=60)
    assert waiting.returncode == 143
    assert "Next:" in stderr
