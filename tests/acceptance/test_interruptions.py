"""Runs that are stopped, killed, doubled or robbed of a store half-way: saved as what they are, never as clean."""

import signal
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.acceptance.command import PATIENCE_S, CommandLine, Finished, results
from tests.acceptance.live import LiveSandbox, Shop

pytestmark = pytest.mark.acceptance
LONG = {
    "RECONCILER_RUNS__CONFIRM_AFTER": "300s",
    "RECONCILER_RUNS__GIVE_UP_AFTER": "400s",
    "RECONCILER_RUNS__REREAD_CAP": "1s",
}
Move = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture
def spoilt(shop: Shop, reconciler: CommandLine) -> CommandLine:
    """A command line whose scans of `address` go on re-reading one difference."""
    shop.set_target("addresses", shop.keys("addresses")[0], city="Elsewhere")
    return reconciler.given(**LONG)


@contextmanager
def running(reconciler: CommandLine) -> Iterator["subprocess.Popen[str]"]:
    """A run of `address` that has started, as another process sees it."""
    with reconciler.started("run", "address", "--format", "json") as process:
        deadline = time.monotonic() + PATIENCE_S
        while statuses(reconciler)[:1] != ["running"]:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
        yield process


def statuses(reconciler: CommandLine) -> list[str]:
    """The stored runs' statuses, newest first."""
    return [run["run"]["status"] for run in reconciler("runs", "list", "--format", "json").ended(0).json()]


def ended(process: "subprocess.Popen[str]") -> Finished:
    """The process after its end."""
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    return Finished(arguments=("run", "address"), code=process.returncode, stdout=stdout, stderr=stderr)


def is_never_clean(reconciler: CommandLine, status: str) -> None:
    """The newest run is of this status, not clean, and opens no gate."""
    (run,) = reconciler("runs", "list", "--format", "jsonl", "--limit", "1").ended(0).lines(like="run")
    assert run["run"]["status"] == status
    assert run["verdict"] != "clean"
    gate = reconciler("gate", "address", "--require", "soaking", "--format", "json")
    assert gate.code in {1, 3}
    assert results(gate.json(like="gate"))["run_errors"] in {"fail", "inconclusive"}


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_told_to_stop_is_saved_as_interrupted(
    spoilt: CommandLine, stop: signal.Signals, code: int
) -> None:
    with running(spoilt) as process:
        process.send_signal(stop)
        answer = ended(process).ended(code)

    assert answer.stdout == ""
    assert "--resume" in answer.stderr
    assert "Traceback" not in answer.stderr
    is_never_clean(spoilt, "interrupted")


def test_a_run_that_was_killed_is_interrupted_and_another_may_start(spoilt: CommandLine) -> None:
    with running(spoilt) as process:
        process.kill()
        ended(process)
    is_never_clean(spoilt, "interrupted")

    quick = spoilt.given(RECONCILER_RUNS__CONFIRM_AFTER="1s", RECONCILER_RUNS__GIVE_UP_AFTER="5s")
    quick.run("address", code=1)
    assert statuses(quick) == ["completed", "interrupted"]


def test_a_domain_is_run_once_at_a_time_and_others_beside_it(spoilt: CommandLine) -> None:
    with running(spoilt) as process:
        refused = spoilt("run", "category", "address", "--format", "json").ended(4)
        assert refused.stdout == ""
        assert "address" in refused.stderr
        assert str(process.pid) in refused.stderr
        spoilt.run("category", code=0)
        assert "running" in statuses(spoilt)
        assert spoilt("gate", "address", "--require", "soaking", "--format", "json").code in {1, 3}
        process.terminate()
        ended(process).ended(143)


@pytest.fixture(params=["mongo", "postgres"])
def outage(request: pytest.FixtureRequest, live_sandbox: LiveSandbox) -> Iterator[Callable[[], None]]:
    """What stops one of the servers; it is started again after the test."""
    moves: dict[str, tuple[Move, Move]] = {
        "mongo": (live_sandbox.sandbox.stop_mongo, live_sandbox.sandbox.start_mongo),
        "postgres": (live_sandbox.sandbox.stop_postgres, live_sandbox.sandbox.start_postgres),
    }
    stop, start = moves[request.param]
    try:
        yield lambda: live_sandbox.call(stop())
    finally:
        live_sandbox.call(start())


def test_a_store_that_goes_away_half_way_fails_the_run(spoilt: CommandLine, outage: Callable[[], None]) -> None:
    with running(spoilt) as process:
        outage()
        answer = ended(process).ended(4)

    assert answer.stdout == ""
    assert "Next:" in answer.stderr
    assert "internal error" not in answer.stderr
    is_never_clean(spoilt, "failed")


def test_a_run_out_of_time_is_never_clean_and_can_be_resumed(reconciler: CommandLine) -> None:
    answer = reconciler("run", "address", "category", "--time-budget", "1ms").ended(3)
    assert "--resume 1" in answer.said
    is_never_clean(reconciler, "interrupted")

    resumed = reconciler.run("--resume", "1", code=0)
    assert (resumed["verdict"], resumed["run"]["id"]) == ("clean", 1)


def test_a_run_out_of_time_prints_what_it_knows(reconciler: CommandLine) -> None:
    assert reconciler.run("address", "--time-budget", "1ms", code=3)["verdict"] == "inconclusive"


def test_a_resumed_run_may_be_named_again_but_not_changed(reconciler: CommandLine) -> None:
    reconciler("run", "address", "category", "--time-budget", "1ms").ended(3)
    for other in (("review",), ("address",), ("--mode", "sample")):
        assert "continued as it began" in reconciler("run", *other, "--resume", "1").ended(2).stderr
    resumed = reconciler.run("category", "address", "--mode", "scan", "--resume", "1", code=0)
    assert (resumed["verdict"], resumed["run"]["id"]) == ("clean", 1)


def test_a_finished_run_is_not_resumed(reconciler: CommandLine) -> None:
    run = reconciler.run("category", code=0)

    assert "completed" in reconciler("run", "--resume", str(run["run"]["id"])).ended(2).stderr
    assert "99" in reconciler("run", "--resume", "99").ended(2).stderr


def test_a_run_is_not_resumed_under_another_mapping(spoilt: CommandLine) -> None:
    with running(spoilt) as process:
        process.terminate()
        ended(process).ended(143)
    changed = spoilt.with_config("domains/address.toml", 'city = { kind = "text"', 'city = { kind = "ci"')

    answer = changed("run", "--resume", "1", "--format", "json").ended(2)
    assert answer.stdout == ""
    assert "run 1 can't be resumed" in answer.stderr


def test_a_pipe_that_closes_early_is_no_success(reconciler: CommandLine) -> None:
    reconciler.run("category", code=0)
    with reconciler.started("gate", "--format", "json") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(PATIENCE_S) not in {0, 1}
