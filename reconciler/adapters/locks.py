"""Locks that the operating system releases when their process dies: one for each domain, one for each process."""

import json
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from reconciler.adapters.private_files import OWNER_ONLY_FILE, make_folder, refused
from reconciler.errors import AlreadyRunning, ReportStoreError


def locks_folder(folder: Path) -> Path:
    """Where the lock files of a reports folder lie; made where it is missing."""
    make_folder(folder)
    locks = folder / "locks"
    make_folder(locks)
    return locks


def _lock(path: Path) -> FileLock:
    """A lock object of its own, so that a second holder in the same process is kept out as well."""
    return FileLock(path, timeout=0, mode=OWNER_ONLY_FILE, thread_local=False, blocking=False, fallback_to_soft=False)


class FileDomainLocks:
    """The DomainLocks of a reports folder: `locks/<domain>.lock`, with the holder's name in `locks/<domain>.holder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def hold(self, domains: Sequence[str]) -> AsyncIterator[None]:
        """Holds every domain's lock, all or none. Raises AlreadyRunning; ReportStoreError where none can be made."""
        locks = locks_folder(self._folder)
        with ExitStack() as held:
            for domain in sorted(set(domains)):
                self._acquire(held, locks, domain)
            yield

    def _acquire(self, held: ExitStack, locks: Path, domain: str) -> None:
        lock, holder = _lock(locks / f"{domain}.lock"), locks / f"{domain}.holder"
        try:
            lock.acquire()
        except Timeout:
            raise AlreadyRunning(
                f"domain {domain} is already running", got=_told(holder), next_step="wait for that run, or stop it"
            ) from None
        except OSError as error:
            raise refused(error, f"the lock of domain {domain} cannot be made") from None
        held.callback(lock.release)
        _tell(holder)
        held.callback(holder.unlink, missing_ok=True)


def _tell(holder: Path) -> None:
    """Notes who holds the lock; only the holder of the lock writes here."""
    try:
        holder.touch(mode=OWNER_ONLY_FILE)
        holder.write_text(json.dumps({"pid": os.getpid()}), encoding="ascii")
    except OSError as error:
        raise refused(error, f"{holder} cannot be written") from None


def _told(holder: Path) -> str:
    """Who holds the lock, as far as is known."""
    try:
        return f"process {int(json.loads(holder.read_text(encoding='ascii'))['pid'])} holds its lock"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process holds its lock"


class LivingProcess:
    """Shows other processes that this one lives: a lock with a name of its own, held until `close`."""

    def __init__(self, folder: Path) -> None:
        self.token = f"process-{os.getpid()}-{secrets.token_hex(8)}"
        self._path = locks_folder(folder) / f"{self.token}.lock"
        self._lock = _lock(self._path)
        try:
            self._lock.acquire()
        except (OSError, Timeout):
            raise ReportStoreError(
                f"{self._path} cannot be locked", next_step="put the reports folder on a local disk that can lock files"
            ) from None

    def close(self) -> None:
        """Ends the life that others see."""
        self._path.unlink(missing_ok=True)
        self._lock.release()


def lives(folder: Path, token: str) -> bool:
    """Whether the process that took the token still holds its lock."""
    path = locks_folder(folder) / f"{token}.lock"
    if not path.exists():
        return False
    lock = _lock(path)
    try:
        lock.acquire()
    except Timeout:
        return True
    path.unlink(missing_ok=True)
    lock.release()
    return False
