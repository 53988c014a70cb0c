"""SQLite's failures in words: the file, SQLite's own name for the failure, and what to do about it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.errors import ReportStoreError

NEXT_STEPS = {
    "SQLITE_FULL": "free space on its disk, then run again",
    "SQLITE_IOERR": "check the disk, then `reconciler db check`",
    "SQLITE_CORRUPT": "keep the file, restore a backup beside it, and point RECONCILER_REPORTS there",
    "SQLITE_NOTADB": "keep the file, restore a backup beside it, and point RECONCILER_REPORTS there",
    "SQLITE_READONLY": "give the user of this process the right to write the file and its folder",
    "SQLITE_CANTOPEN": "check that the folder exists and that this user may read and write it",
    "SQLITE_BUSY": "another process holds it for long; end that process or try again",
    "SQLITE_CONSTRAINT": "this is a defect of reconciler or of what it was told to store; nothing was stored",
}
# Their text is our own: the words of a trigger, or the name of a constraint. No other text of SQLite is shown.
OWN_WORDS = ("SQLITE_CONSTRAINT_TRIGGER", "SQLITE_CONSTRAINT_CHECK")


def name_of(error: sqlite3.Error) -> str:
    """`SQLITE_FULL`, `SQLITE_IOERR_WRITE`; the class's name where the driver itself failed."""
    return getattr(error, "sqlite_errorname", None) or type(error).__name__


def told(error: sqlite3.Error, path: Path) -> ReportStoreError:
    """The failure as a person reads it."""
    name = name_of(error)
    next_step = next((step for prefix, step in NEXT_STEPS.items() if name.startswith(prefix)), "`reconciler db check`")
    got = f"{name} ({error})" if name in OWN_WORDS else name
    return ReportStoreError(f"report database {path} failed", got=got, next_step=next_step)


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turns SQLite's errors and what a value's type or size does to it into ReportStoreError."""
    try:
        yield
    except sqlite3.Error as error:
        raise told(error, path) from None
    except OverflowError:
        raise ReportStoreError(
            f"report database {path} failed", expected="integers of 64 bits", got="a larger one"
        ) from None
