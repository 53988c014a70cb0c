"""Files and folders of the reports folder that only their owner may read, whatever the umask says."""

import os
import secrets
import stat
from pathlib import Path

from reconciler.errors import ReportStoreError

OWNER_ONLY_FILE = 0o600
OWNER_ONLY_FOLDER = 0o700
OTHERS = 0o077


def make_folder(folder: Path) -> None:
    """Makes a missing folder for its owner only; one that exists keeps its mode. Raises ReportStoreError."""
    try:
        folder.mkdir(mode=OWNER_ONLY_FOLDER, parents=True)
        folder.chmod(OWNER_ONLY_FOLDER)
    except FileExistsError:
        if not folder.is_dir():
            raise ReportStoreError(
                f"reports folder {folder}",
                expected="a folder",
                got="a file of that name",
                next_step="name another folder in RECONCILER_REPORTS",
            ) from None
    except OSError as error:
        raise refused(error, f"reports folder {folder} cannot be made") from None


def create(path: Path, content: bytes = b"") -> None:
    """Makes a new file with mode 0600 and this content, on disk when it returns. Raises FileExistsError or OSError."""
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, OWNER_ONLY_FILE)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, OWNER_ONLY_FILE)
        file.write(content)
        file.flush()
        os.fsync(handle)


def publish(path: Path, draft: Path) -> bool:
    """Gives a finished draft its final name unless that is taken; whole or not at all. False where it was taken."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def draft_of(path: Path) -> Path:
    """A name beside the path that nobody else uses."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")


def tighten(path: Path) -> None:
    """Takes a file's rights from group and world. Raises ReportStoreError where it is no file or not ours to change."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ReportStoreError(
                f"{path}", expected="a regular file", got="something else", next_step="move it away and start again"
            )
        if found.st_mode & OTHERS:
            path.chmod(OWNER_ONLY_FILE)
    except OSError as error:
        raise refused(error, f"{path} is open to others and cannot be closed to them") from None


def refused(error: OSError, what: str) -> ReportStoreError:
    """What the operating system refused, by its own name for the reason."""
    return ReportStoreError(
        what, got=os.strerror(error.errno or 0), next_step="check owner, rights and free space of the reports folder"
    )
