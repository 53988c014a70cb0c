"""Child processes of the sandbox."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from reconciler.errors import SandboxUnavailable
from reconciler.sandbox.processes import ServerProcess, free_port, is_listening, log_class

pytestmark = pytest.mark.unit

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


async def never_ready() -> bool:
    """A probe of a server that does not come up."""
    return False


async def until_written(log: Path) -> None:
    """Waits until the child has said something."""
    for _ in range(500):
        if log.exists() and log.stat().st_size:  # noqa: ASYNC240 - a tiny file
            return
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            '{"s":"E","msg":"Error setting up listener","attr":{"error":"Address already in use"}}',
            "address already in use",
        ),
        ('FATAL:  password authentication failed for user "secret-name"', "FATAL"),
        ("all is well with secret-name", "nothing known"),
    ],
)
def test_a_log_is_told_by_its_class_and_never_by_its_text(tmp_path: Path, line: str, expected: str) -> None:
    log = tmp_path / "server.log"
    log.write_text(line)

    assert log_class(log) == expected


def test_a_log_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    assert log_class(tmp_path / "server.log") == "no log"


async def test_a_server_that_ends_at_once_is_reported_with_its_code(tmp_path: Path) -> None:
    server = ServerProcess(name="mongod", log=tmp_path / "mongod.log")
    server.spawn([sys.executable, "-c", "raise SystemExit(48)"], cwd=tmp_path)

    with pytest.raises(SandboxUnavailable, match=r"mongod of the sandbox did not start.*code 48"):
        await server.wait_ready(never_ready)
    await server.stop()


def test_a_program_that_is_not_there_is_reported_without_a_driver_text(tmp_path: Path) -> None:
    server = ServerProcess(name="mongod", log=tmp_path / "mongod.log")

    with pytest.raises(SandboxUnavailable, match="code 2"):
        server.spawn([tmp_path / "no-such-mongod"], cwd=tmp_path)


async def test_a_child_is_in_a_session_of_its_own(tmp_path: Path) -> None:
    server = ServerProcess(name="sleeper", log=tmp_path / "log")
    server.spawn([sys.executable, "-c", "import time; time.sleep(60)"], cwd=tmp_path)
    try:
        assert server.pid is not None
        assert os.getsid(server.pid) == server.pid
    finally:
        server.stop_now()


async def test_a_child_that_ignores_the_signal_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.sandbox.processes.STOP_TIMEOUT_S", 0.1)
    server = ServerProcess(name="stubborn", log=tmp_path / "log", stop_signals=(signal.SIGTERM,))
    server.spawn([sys.executable, "-c", STUBBORN], cwd=tmp_path)
    await until_written(tmp_path / "log")

    await server.stop()

    assert not server.is_running
    assert server.pid is None


async def test_a_command_that_ends_is_told_by_its_code(tmp_path: Path) -> None:
    server = ServerProcess(name="initdb", log=tmp_path / "log")
    server.spawn([sys.executable, "-c", "raise SystemExit(3)"], cwd=tmp_path)

    assert await server.wait_ended(timeout_s=30) == "code 3"


async def test_a_command_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    server = ServerProcess(name="initdb", log=tmp_path / "log")
    server.spawn([sys.executable, "-c", "import time; time.sleep(60)"], cwd=tmp_path)

    assert await server.wait_ended(timeout_s=0.1) == "no end"
    assert not server.is_running


def test_a_free_port_has_no_listener() -> None:
    assert not is_listening(free_port())
