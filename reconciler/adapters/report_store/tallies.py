"""Sums over all ended runs, pruned ones included: each run is added once, however often somebody asks."""

import json
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlite_utils import Database

from reconciler.adapters.report_store.runs import SealedParts, read_parts
from reconciler.adapters.report_store.texts import dump
from reconciler.core.model import Mode
from reconciler.core.tally import Tally

ENDED = "SELECT id, mode, finished_at - started_at FROM runs WHERE status IN ('completed', 'failed') ORDER BY id"
PRUNED = "SELECT tally FROM pruned_tallies ORDER BY id"
OPEN_RECORDS = "SELECT domain, state, diffs FROM open_counts"
OPEN_KINDS = "SELECT domain, kind, SUM(open_diffs) FROM clusters GROUP BY domain, kind"
AT_A_TIME = 200

Ended = tuple[int, str, int]


class Tallies:
    """The sums as far as they were added up; what ended since is added when somebody asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: set[int] = set()
        self._sum: Tally | None = None

    def up_to_date(self, db: Database) -> Tally:
        """A tally of its own for whoever asks."""
        with self._lock:
            if self._sum is None:
                self._sum, self._counted = _of_pruned(db), set()
            new = [row for row in db.execute(ENDED) if row[0] not in self._counted]
            add(db, self._sum, new)
            self._counted.update(run_id for run_id, _, _ in new)
            told = Tally()
            told.merge(self._sum.dump())
            return told


def _of_pruned(db: Database) -> Tally:
    """What runs that are gone added up to."""
    whole = Tally()
    for (text,) in db.execute(PRUNED):
        whole.merge(json.loads(text))
    return whole


def add(db: Database, tally: Tally, ended: Sequence[Ended]) -> None:
    """Adds these runs: id, mode, and how long it took in microseconds."""
    for _, mode, micros in ended:
        tally.took(Mode(mode), max(timedelta(microseconds=micros) / timedelta(seconds=1), 0.0))
    for chunk in _chunks([run_id for run_id, _, _ in ended]):
        keys = db.execute(
            "SELECT run_id, domain FROM domain_runs WHERE run_id IN (SELECT value FROM json_each(?))", [dump(chunk)]
        )
        for part in read_parts(db, SealedParts(), list(keys)):
            tally.add(part)


def _chunks(run_ids: list[int]) -> Iterator[list[int]]:
    """The ids, some at a time."""
    return (run_ids[first : first + AT_A_TIME] for first in range(0, len(run_ids), AT_A_TIME))


def keep_of_pruned(db: Database, *, pruning: int, runs: list[int]) -> None:
    """Keeps what the runs add up to before they go."""
    gone = set(runs)
    tally = Tally()
    add(db, tally, [row for row in db.execute(ENDED) if row[0] in gone])
    db.execute("INSERT INTO pruned_tallies (id, tally) VALUES (?, ?)", [pruning, dump(tally.dump())])


def open_records(db: Database) -> dict[tuple[str, str], int]:
    """How many records differ now, by domain and state."""
    return {(domain, state): count for domain, state, count in db.execute(OPEN_RECORDS)}


def open_kinds(db: Database) -> dict[tuple[str, str], int]:
    """How many open differences there are, by domain and kind, a record once for each cluster that it is in."""
    return {(domain, kind): count for domain, kind, count in db.execute(OPEN_KINDS)}
