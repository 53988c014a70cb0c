"""Writes an answer to the file that was asked for: for its owner only, whole or not at all."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from reconciler.adapters.private_files import OWNER_ONLY_FILE, draft_of
from reconciler.errors import OutputRefused


def require_writable(path: Path) -> None:
    """Refuses a place that cannot be written to, before work is done for nothing; OutputRefused."""
    folder = path.resolve().parent
    if path.is_dir():
        raise _refused(path, got="a folder")
    if not folder.is_dir():
        raise _refused(path, got=f"no folder {folder}")
    if not (os.access(path, os.W_OK) if _is_special(path) else os.access(folder, os.W_OK | os.X_OK)):
        raise _refused(path, got="a place that may not be written to")


@contextmanager
def answer_file(path: Path) -> Iterator[BinaryIO]:
    """A new file (mode 0600) that takes the place of the old one when the context ends well; OutputRefused.

    Devices and pipes are written to as they are.
    """
    final = path if _is_special(path) else path.resolve()
    draft = final if _is_special(path) else draft_of(final)
    try:
        flags = os.O_WRONLY if draft is final else os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(draft, flags, OWNER_ONLY_FILE), "wb") as file:
            yield file
            file.flush()
            if draft is not final:
                os.fsync(file.fileno())
        if draft is not final:
            draft.replace(final)
    except OSError as error:
        raise _refused(path, got=os.strerror(error.errno or 0)) from None
    finally:
        if draft is not final:
            draft.unlink(missing_ok=True)


def write_answer(path: Path, text: str) -> None:
    """The text as UTF-8; halves of surrogate pairs are spelled out, as JSON spells them. OutputRefused."""
    with answer_file(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def append_answer(path: Path, text: str) -> None:
    """Adds the text to a file that belongs to somebody else; OutputRefused."""
    try:
        with path.open("ab") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise _refused(path, got=os.strerror(error.errno or 0)) from None


def _is_special(path: Path) -> bool:
    """Whether something other than a regular file is there."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _refused(path: Path, *, got: str) -> OutputRefused:
    return OutputRefused(
        f"output {path} cannot be written",
        expected="a file in a folder that exists and may be written to",
        got=got,
        next_step="name another place with --output",
    )
