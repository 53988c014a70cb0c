"""The command `schedule`: what would run, and holding it up for a while."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.acceptance.command import CommandLine

pytestmark = pytest.mark.acceptance


def test_jobs_are_paused_and_go_on(reconciler: CommandLine) -> None:
    def jobs() -> dict[tuple[str, str], dict[str, object]]:
        listed = json.loads(reconciler("schedule", "list", "--format", "json").ended(0).stdout)
        return {(one["domain"], one["mode"]): one for one in listed}

    assert jobs()["address", "scan"]["paused_by"] is None
    refused = reconciler("schedule", "pause", "address", "--until", "2020-01-01", "--reason", "upgrade").ended(2)
    assert "expected a time to come" in refused.stderr
    day = datetime.now(UTC) + timedelta(days=2)
    why = ("--mode", "scan", "--reason", "upgrade")
    far = reconciler("schedule", "pause", "address", *why, "--until", "2099-01-01").ended(2)
    assert "at most 31 d from now" in far.stderr
    said = reconciler("schedule", "pause", "address", *why, "--until", f"{day:%Y-%m-%d}").ended(0)
    assert said.stdout.startswith("1 job paused until ")
    paused = jobs()["address", "scan"]
    assert (paused["next_at"], paused["paused_because"]) == (None, "upgrade")
    assert jobs()["address", "sample"]["paused_by"] is None
    assert "paused until" in reconciler("schedule", "list").ended(0).stdout
    assert reconciler("schedule", "resume", "--reason", "done").ended(0).stdout.startswith("1 job resumed")
    assert jobs()["address", "scan"]["next_at"] is not None
    acts = reconciler("audit", "list").ended(0).stdout
    assert acts.index("schedule_resumed") < acts.index("schedule_paused")
