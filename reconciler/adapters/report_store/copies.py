"""Proving a copy of the audit log that is no longer in our hands: an export, or a report database under any name."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from reconciler.adapters.report_store.auditing import NOTHING, prove_whole
from reconciler.adapters.report_store.failures import in_words
from reconciler.adapters.report_store.opening import connect_reader
from reconciler.core.audit import AuditEntry, Chain, prove, untold
from reconciler.errors import ReportStoreError, UsageError

SQLITE = b"SQLite format 3\x00"
LONGEST_LINE = 1_000_000


def prove_copy(path: Path) -> Chain:
    """What holds of the audit log in a file. Raises UsageError where there is no such file or it is neither kind."""
    try:
        with path.open("rb") as file:
            head = file.read(len(SQLITE))
    except OSError as error:
        raise UsageError(f"copy {path}", expected="a file", got=error.strerror or "an error") from None
    return _prove_database(path) if head == SQLITE else _prove_lines(path)


def _prove_database(path: Path) -> Chain:
    """A database: every entry, and that none is missing at the end."""
    with in_words(path), closing(connect_reader(path)) as db:
        if not db["audit"].exists():
            raise ReportStoreError(
                f"{path} has no audit log", expected="a report database of schema 2 or newer", got="another database"
            )
        return prove_whole(db, NOTHING)


def _prove_lines(path: Path) -> Chain:
    """An export, an entry a line. What was cut off at its end can only be seen by its head: compare that."""
    trouble: list[str] = []
    with path.open("rb") as file:
        chain = prove(_entries(iter(lambda: file.readline(LONGEST_LINE), b""), trouble))
    if trouble:
        return Chain(entries=chain.entries, head=chain.head, trouble=trouble[0])
    return chain


def _entries(lines: Iterator[bytes], trouble: list[str]) -> Iterator[AuditEntry]:
    """The entries up to the first line that is none."""
    for number, line in enumerate(lines, start=1):
        try:
            entry = untold(json.loads(line))
        except (ValueError, KeyError, TypeError, RecursionError):
            trouble.append(f"line {number} is no entry of an audit log")
            return
        yield entry
