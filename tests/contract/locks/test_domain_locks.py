"""Two runs of one domain never go on at once, and a dead process holds nothing."""

import asyncio
import os
import signal
import stat
import sys
from pathlib import Path

import pytest

from reconciler.adapters.locks import FileDomainLocks, LivingProcess, lives
from reconciler.errors import AlreadyRunning

pytestmark = pytest.mark.contract

ROOT = Path(__file__).resolve().parents[3]
HOLD = """
import asyncio, sys
from pathlib import Path
from reconciler.adapters.locks import FileDomainLocks
async def main():
    async with FileDomainLocks(Path(sys.argv[1])).hold(["address"]):
        print("held", flush=True)
        await asyncio.to_thread(sys.stdin.read)
asyncio.run(main())
"""


async def held(locks: FileDomainLocks, *domains: str) -> None:
    async with locks.hold(domains):
        pass


async def test_a_second_holder_is_told_who_holds(tmp_path: Path) -> None:
    first, second = FileDomainLocks(tmp_path), FileDomainLocks(tmp_path)
    async with first.hold(["address", "review"]):
        for locks in (first, second):
            with pytest.raises(AlreadyRunning, match=f"domain review is already running.*process {os.getpid()} "):
                await held(locks, "review")
    await held(second, "review")


async def test_other_domains_go_on(tmp_path: Path) -> None:
    locks = FileDomainLocks(tmp_path)
    async with locks.hold(["address"]), locks.hold(["review"]):
        pass


async def test_whoever_gets_not_all_holds_none(tmp_path: Path) -> None:
    locks = FileDomainLocks(tmp_path)
    async with locks.hold(["review"]):
        with pytest.raises(AlreadyRunning, match="domain review"):
            await held(locks, "address", "review", "auth")
        async with locks.hold(["address", "auth"]):
            pass


async def test_a_run_that_fails_lets_go(tmp_path: Path) -> None:
    locks = FileDomainLocks(tmp_path)
    with pytest.raises(KeyError):
        async with locks.hold(["address"]):
            raise KeyError
    await held(locks, "address")


async def test_a_domain_named_twice_is_held_once(tmp_path: Path) -> None:
    await held(FileDomainLocks(tmp_path), "address", "address")


async def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOLD,
        str(tmp_path),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning, match=f"process {process.pid} holds its lock"):
            await held(FileDomainLocks(tmp_path), "address")
    finally:
        process.send_signal(signal.SIGKILL)
        await process.communicate()
    await held(FileDomainLocks(tmp_path), "address")


def test_a_process_lives_until_it_closes(tmp_path: Path) -> None:
    process = LivingProcess(tmp_path)
    assert lives(tmp_path, process.token)
    assert lives(tmp_path, process.token), "looking does not end a life"
    process.close()
    assert not lives(tmp_path, process.token)
    assert not lives(tmp_path, "process-1-never")


async def test_lock_files_are_for_their_owner_only(tmp_path: Path) -> None:
    async with FileDomainLocks(tmp_path).hold(["address"]):
        modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "locks").iterdir() if path.suffix == ".lock"}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "locks").stat().st_mode) == 0o700
