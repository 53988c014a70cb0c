"""A scan that was killed, stopped or lost a store between two ranges goes on there, as a process of its own."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.acceptance.command import PATIENCE_S, CommandLine, entities
from tests.acceptance.live import LiveSandbox, Shop
from tests.acceptance.served import served

pytestmark = pytest.mark.acceptance
FEW_AT_ONCE = Path(__file__).with_name("few_at_once.py")
DONE = 5


@contextmanager
def half_way(reconciler: CommandLine) -> Iterator["subprocess.Popen[str]"]:
    """A scan of `address` that has some ranges behind it and more before it."""
    process = subprocess.Popen(
        [sys.executable, str(FEW_AT_ONCE), "run", "address", "--format", "json"],
        cwd=reconciler.folder,
        env=dict(reconciler.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            deadline = time.monotonic() + PATIENCE_S
            while ranges(reconciler) < DONE:
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
            yield process
        finally:
            process.kill()


def ranges(reconciler: CommandLine) -> int:
    """How many ranges the report database knows of."""
    path = reconciler.reports / "reconciler.db"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=PATIENCE_S)) as db:
        try:
            return int(db.execute("SELECT COUNT(*) FROM scanned_ranges").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def killed(process: "subprocess.Popen[str]") -> None:
    process.kill()
    assert process.wait(PATIENCE_S) == -signal.SIGKILL


def stopped(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    _, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 128 + signal.SIGTERM
    assert "reconciler run --resume 1" in stderr


@pytest.mark.parametrize("stop", [killed, stopped])
def test_a_scan_goes_on_behind_the_ranges_that_it_had_finished(
    shop: Shop, reconciler: CommandLine, stop: Callable[["subprocess.Popen[str]"], None]
) -> None:
    first, second, *_, last = shop.keys("addresses")
    shop.set_target("addresses", first, city="Elsewhere")
    shop.set_target("addresses", second, city="Elsewhere")
    with half_way(reconciler) as process:
        stop(process)
    (run,) = reconciler("runs", "list", "--format", "json").ended(0).json()
    assert (run["run"]["status"], run["verdict"]) == ("interrupted", "inconclusive")
    city = shop.value("select city from addresses where legacy_object_id = $1", last)
    shop.set_target("addresses", last, city="Elsewhere")
    before = shop.mongo.addresses.find_one({"_id": shop.object_id(second)})
    shop.set_target("addresses", second, city=before["city"] if before else city)

    resumed = reconciler.run("--resume", "1", code=1)

    (entity,) = entities(resumed).values()
    count = len(shop.keys("addresses"))
    assert (resumed["run"]["id"], resumed["verdict"], entity["method"]) == (1, "diffs", "checksum")
    assert (entity["source_records"], entity["target_records"], entity["coverage"]) == (count, count, 1.0)
    assert (entity["outcomes"]["field_mismatch"], entity["cleared"]) == (2, 1)
    assert {diff["key"] for diff in reconciler.diffs("--run", "1")} == {first, last}
    (note,) = (note for note in resumed["domains"][0]["notes"] if "before the run was interrupted" in note)
    assert int(note.split(" ")[1]) >= 2 * DONE
    assert ranges(reconciler) == 0


def test_a_scan_that_lost_a_store_goes_on_when_it_is_back(
    shop: Shop, reconciler: CommandLine, live_sandbox: LiveSandbox
) -> None:
    with half_way(reconciler) as process:
        live_sandbox.call(live_sandbox.sandbox.stop_postgres())
        try:
            _, stderr = process.communicate(timeout=PATIENCE_S)
        finally:
            live_sandbox.call(live_sandbox.sandbox.start_postgres())
    assert process.returncode == 4
    assert "reconciler run --resume 1" in stderr
    assert reconciler("gate", "address", "--require", "soaking", "--format", "json").code in {1, 3}

    resumed = reconciler.run("--resume", "1", code=0)
    assert (resumed["run"]["status"], resumed["verdict"]) == ("completed", "clean")
    assert any("before the run was interrupted" in note for note in resumed["domains"][0]["notes"])


def test_how_far_a_scan_of_another_process_came_can_be_asked(reconciler: CommandLine) -> None:
    with half_way(reconciler) as process:
        killed(process)
    with served(reconciler) as service:
        (far,) = service("GET", "/api/v1/runs/1").json["progress"]
        assert (far["domain"], far["entity"], far["whole"]) == ("address", "address", False)
        assert far["source_records"] == far["target_records"] >= 2 * DONE


def test_a_run_is_not_resumed_on_another_store(shop: Shop, reconciler: CommandLine, live_sandbox: LiveSandbox) -> None:
    with half_way(reconciler) as process:
        killed(process)
    with live_sandbox.shop(live_sandbox.template()) as other:
        answer = reconciler("run", "--resume", "1", PG_URL=other.reader_pg_url).ended(2)
    assert "the stores it began with" in answer.stderr
    assert reconciler.run("--resume", "1", code=0)["verdict"] == "clean"
