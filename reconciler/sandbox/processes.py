"""Child processes of the sandbox: started apart from the terminal, watched until ready, stopped by their own pid."""

import asyncio
import atexit
import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import FrameType

from reconciler.errors import SandboxUnavailable

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
PROBE_PAUSE_S = 0.05
EXIT_ON_TERMINATE = 128 + signal.SIGTERM
_LOG_TAIL_BYTES = 16_384
_LOG_CLASSES = (
    (re.compile(r"address already in use", re.IGNORECASE), "address already in use"),
    (re.compile(r"no space left", re.IGNORECASE), "no space left on the device"),
    (re.compile(r"permission denied", re.IGNORECASE), "permission denied"),
    (re.compile(r"shared memory", re.IGNORECASE), "shared memory refused"),
    (re.compile(r"out of memory|cannot allocate", re.IGNORECASE), "out of memory"),
    (re.compile(r"\bPANIC:"), "PANIC"),
    (re.compile(r"\bFATAL:"), "FATAL"),
    (re.compile(r'"s":"F"'), "fatal"),
    (re.compile(r'"s":"E"'), "error"),
)

_running: "set[ServerProcess]" = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildUser:
    """The system account that a child runs as."""

    uid: int
    gid: int


class ServerProcess:
    """One server: its command, its log file, and the process while it runs."""

    def __init__(
        self,
        *,
        name: str,
        log: Path,
        user: ChildUser | None = None,
        stop_signals: Sequence[signal.Signals] = (signal.SIGTERM,),
    ) -> None:
        """Remember how to stop `name`: each signal in turn, and at last a kill."""
        self.name = name
        self.log = log
        self._user = user
        self._stop_signals = stop_signals
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while the server runs, else None."""
        return self._process.pid if self.is_running and self._process else None

    @property
    def is_running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def spawn(self, command: Sequence[str | Path], *, cwd: Path) -> None:
        """Start the command in a session of its own, so that the terminal's Ctrl-C does not reach it."""
        self._process = spawn(command, log=self.log, cwd=cwd, user=self._user)
        _running.add(self)

    async def wait_ready(self, probe: Callable[[], Awaitable[bool]]) -> None:
        """Ask `probe` until it says yes; raise SandboxUnavailable when the process ends or a minute has passed."""
        deadline = monotonic() + READY_TIMEOUT_S
        while not await probe():
            if self._process is None or self._process.poll() is not None:
                code = self._process.returncode if self._process else None
                raise not_started(self.name, got=f"an end with code {code}", log=self.log)
            if monotonic() > deadline:
                raise not_started(self.name, got=f"no answer within {READY_TIMEOUT_S:.0f} s", log=self.log)
            await asyncio.sleep(PROBE_PAUSE_S)

    async def wait_ended(self, *, timeout_s: float) -> str:
        """Wait for a command that ends by itself; return `code N`, or `no end` after stopping a slow one."""
        if self._process is None:
            return "no start"
        try:
            code = await asyncio.to_thread(self._process.wait, timeout_s)
        except subprocess.TimeoutExpired:
            await self.stop()
            return "no end"
        _running.discard(self)
        return f"code {code}"

    async def stop(self) -> None:
        """Stop the process and wait for its end, also when the task that asks is cancelled meanwhile."""
        await asyncio.shield(asyncio.to_thread(self.stop_now))

    def stop_now(self) -> None:
        """Stop the process without an event loop: signals in turn, then kill; nothing to do if it is not running."""
        _running.discard(self)
        process = self._process
        if process is None:
            return
        for stop_signal in self._stop_signals:
            if _ends(process, stop_signal):
                return
        process.kill()
        process.wait()


def spawn(command: Sequence[str | Path], *, log: Path, cwd: Path, user: ChildUser | None) -> "subprocess.Popen[bytes]":
    """Start a child whose output goes to the end of `log`; OSError becomes SandboxUnavailable."""
    account = {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}
    try:
        with log.open("ab") as output:
            return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=_environment(os.environ),
                start_new_session=True,
                **account,
            )
    except OSError as error:
        raise SandboxUnavailable(
            f"{Path(command[0]).name} of the sandbox cannot be run",
            expected="an executable of this platform",
            got=f"{type(error).__name__} (code {error.errno})",
            next_step="install the sandbox extra for this platform, or put the server on the PATH",
        ) from None


def not_started(name: str, *, got: str, log: Path) -> SandboxUnavailable:
    """Return the error for a server that did not come up, with the class of its last log line and no text of it."""
    return SandboxUnavailable(
        f"{name} of the sandbox did not start",
        expected="a server that answers on 127.0.0.1",
        got=f"{got} (its log ends with: {log_class(log)})",
        next_step=f"read {log.name} (give the sandbox a folder to keep it), free memory or disk, and try again",
    )


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_listening(port: int) -> bool:
    """Return whether somebody accepts connections on this TCP port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def log_class(log: Path) -> str:
    """Return what kind of complaint a server's log ends with, in words that carry no value from the log."""
    if not log.exists():
        return "no log"
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - _LOG_TAIL_BYTES))
        tail = stream.read().decode("utf-8", "replace")
    return next((name for pattern, name in _LOG_CLASSES if pattern.search(tail)), "nothing known")


def stop_on_terminate() -> None:
    """Make SIGTERM end this process the orderly way, unless the program has a handler of its own already."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _raise_exit)


def _raise_exit(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(EXIT_ON_TERMINATE)


def _ends(process: "subprocess.Popen[bytes]", stop_signal: signal.Signals) -> bool:
    process.send_signal(stop_signal)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def _environment(inherited: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in inherited.items() if not name.startswith("PG")}


@atexit.register
def _stop_what_is_left() -> None:
    for server in tuple(_running):
        server.stop_now()
