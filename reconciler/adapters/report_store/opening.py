"""The report database's file, made whole or not at all and checked before use, and the connections to it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlite_utils import Database

from reconciler.adapters.private_files import create, draft_of, make_folder, publish, refused, tighten
from reconciler.adapters.report_schema.applying import NEWEST, migrate, require_known
from reconciler.adapters.report_store.failures import in_words
from reconciler.errors import ReportStoreError

FILE_NAME = "reconciler.db"
BUSY_SECONDS = 5.0
STATEMENTS_KEPT = 256
SETTINGS = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA temp_store = MEMORY",
)
WRITER_SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA journal_size_limit = 67108864",
)
READER_SETTINGS = ("PRAGMA query_only = ON",)


def connect_writer(path: Path) -> Database:
    """A connection that may write; the file must exist."""
    return _connect(path, mode="rw", settings=WRITER_SETTINGS)


def connect_reader(path: Path) -> Database:
    """A connection that cannot write, whatever it is told."""
    return _connect(path, mode="ro", settings=READER_SETTINGS)


def _connect(path: Path, *, mode: str, settings: tuple[str, ...]) -> Database:
    """`isolation_level` None leaves every BEGIN and COMMIT to us."""
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=STATEMENTS_KEPT,
    )
    try:
        db = Database(connection, execute_plugins=False)
        for setting in (*SETTINGS, *settings):
            db.execute(setting).fetchall()
    except BaseException:
        connection.close()
        raise
    return db


def prepare(folder: Path) -> Path:
    """The path of a database fit to be written: made where it is missing, closed to others, of the newest schema."""
    path = folder / FILE_NAME
    make_folder(folder)
    if not path.exists():
        _make(path)
    require_usable(path)
    with in_words(path), closing(connect_writer(path)) as db:
        if require_known(db, str(path)) < NEWEST:
            migrate(db)
        db.execute("PRAGMA journal_mode = WAL").fetchall()
        _close_to_others(path)
    return path


def prepare_reading(folder: Path) -> Path:
    """The path of a database fit to be read; nothing is made or migrated."""
    path = folder / FILE_NAME
    if not path.exists():
        raise ReportStoreError(
            f"report database {path}",
            expected="a file",
            got="none",
            next_step="`reconciler run`, or name the right folder in RECONCILER_REPORTS",
        )
    require_usable(path)
    with in_words(path), closing(connect_reader(path)) as db:
        version = require_known(db, str(path))
    if version < NEWEST:
        raise ReportStoreError(
            f"report database {path} has an older schema",
            expected=f"schema {NEWEST}",
            got=f"schema {version}",
            next_step="`reconciler db migrate`",
        )
    return path


def require_usable(path: Path) -> None:
    """A file of its own, closed to others, not cut down to nothing. Raises ReportStoreError."""
    tighten(path)
    if path.stat().st_size == 0:
        raise ReportStoreError(
            f"report database {path}",
            expected="a database",
            got="an empty file",
            next_step="restore a backup; to start anew without the old proof, move the file away",
        )


def _make(path: Path) -> None:
    """Builds the database under another name and gives it its own when it is whole; a race has one winner."""
    draft = draft_of(path)
    try:
        create(draft)
        with in_words(path), closing(connect_writer(draft)) as db:
            db.execute("PRAGMA journal_mode = WAL").fetchall()
            migrate(db)
        publish(path, draft)
    except OSError as error:
        raise refused(error, f"report database {path} cannot be made") from None
    finally:
        for leftover in (draft, *_beside(draft)):
            leftover.unlink(missing_ok=True)


def _beside(path: Path) -> tuple[Path, Path]:
    """The files that SQLite keeps beside a database in WAL mode."""
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def _close_to_others(path: Path) -> None:
    """Takes the rights of others from the files beside, where they are."""
    for beside in _beside(path):
        if beside.exists():
            tighten(beside)
