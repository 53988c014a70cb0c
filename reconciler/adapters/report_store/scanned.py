"""The ranges that scans have behind them, kept until their domain is finished, so that a run can go on behind them."""

import json
from collections.abc import Mapping

from sqlite_utils import Database

from reconciler.adapters.report_store.recording import insert
from reconciler.adapters.report_store.sighting import OPEN
from reconciler.adapters.report_store.texts import dump, to_micros, to_time
from reconciler.core.checksum.words import KeyRange
from reconciler.core.model import Outcome, Side
from reconciler.core.scanned import Counts, Scanned, ScannedRange, ScanProgress, Suspect

COLUMNS = "number, after, until, shape, since, at, tally, looked_at, suspects"


def note(db: Database, *, run_id: int, domain: str, entity: str, done: ScannedRange) -> None:
    """Adds a range; the table refuses one that does not begin where the one before it ended."""
    insert(
        db,
        "scanned_ranges",
        {
            "run_id": run_id,
            "domain": domain,
            "entity": entity,
            "number": done.number,
            "after": done.key_range.after,
            "until": done.key_range.until,
            "shape": done.shape,
            "since": to_micros(done.since),
            "at": to_micros(done.at),
            "tally": _dump_counts(done.tally),
            "looked_at": dump({side.value: list(ids) for side, ids in done.looked_at.items()}),
            "suspects": dump([_plain(one) for one in done.suspects]),
        },
    )


def replace(db: Database, *, run_id: int, domain: str, entity: str, done: ScannedRange | None) -> None:
    """Puts one range in the place of all that were noted, or none."""
    db.execute("DELETE FROM scanned_ranges WHERE run_id = ? AND domain = ? AND entity = ?", [run_id, domain, entity])
    if done is not None:
        note(db, run_id=run_id, domain=domain, entity=entity, done=done)


def forget(db: Database, *, run_id: int, domain: str) -> None:
    """Drops the ranges of a domain that is stored whole."""
    db.execute("DELETE FROM scanned_ranges WHERE run_id = ? AND domain = ?", [run_id, domain])


def read(db: Database, *, run_id: int, domain: str, entity: str) -> Scanned:
    """The ranges in their order."""
    where = "WHERE run_id = ? AND domain = ? AND entity = ? ORDER BY number"
    rows = db.execute(f"SELECT {COLUMNS} FROM scanned_ranges {where}", [run_id, domain, entity]).fetchall()
    seen = f"SELECT 1 FROM diffs WHERE domain = ? AND entity = ? AND last_run <> ? AND last_seen_at >= ? AND {OPEN}"
    since = min((row[4] for row in rows), default=0)
    overtaken = db.execute(f"SELECT EXISTS ({seen})", [domain, entity, run_id, since]).fetchone()[0]
    return Scanned(ranges=tuple(_range(*row) for row in rows), overtaken=bool(overtaken))


def progress(db: Database, *, run_id: int) -> list[ScanProgress]:
    """How far each scan is that has ranges behind it."""
    newest = "SELECT domain, entity, MAX(number) AS number FROM scanned_ranges WHERE run_id = :run GROUP BY 1, 2"
    rows = db.execute(
        f"SELECT domain, entity, tally, at, until IS NULL FROM scanned_ranges JOIN ({newest}) "
        "USING (domain, entity, number) WHERE run_id = :run ORDER BY 1, 2",
        {"run": run_id},
    )
    return [
        ScanProgress(
            domain=domain,
            entity=entity,
            records=_load_counts(json.loads(tally)).records,
            at=to_time(at),
            whole=bool(whole),
        )
        for domain, entity, tally, at, whole in rows
    ]


def _range(  # noqa: PLR0913, PLR0917 - the columns
    number: int,
    after: str | None,
    until: str | None,
    shape: str,
    since: int,
    at: int,
    tally: str,
    looked_at: str,
    suspects: str,
) -> ScannedRange:
    """A row as the range that it was."""
    return ScannedRange(
        number=number,
        key_range=KeyRange(after=after, until=until),
        shape=shape,
        since=to_time(since),
        at=to_time(at),
        tally=_load_counts(json.loads(tally)),
        looked_at={Side(side): tuple(ids) for side, ids in json.loads(looked_at).items()},
        suspects=tuple(_suspect(one) for one in json.loads(suspects)),
    )


def _plain(suspect: Suspect) -> dict[str, object]:
    """A suspect in JSON's types."""
    ids = {side.value: text for side, text in suspect.ids.items()}
    return {"locator": suspect.locator, "keys": list(suspect.keys), "ids": ids}


def _suspect(plain: Mapping[str, object]) -> Suspect:
    """The suspect again."""
    keys, ids = plain["keys"], plain["ids"]
    if not isinstance(keys, list) or not isinstance(ids, dict):
        raise TypeError("a suspect has keys and ids")
    return Suspect(locator=str(plain["locator"]), keys=tuple(keys), ids={Side(side): ids[side] for side in ids})


def _dump_counts(tally: Counts) -> str:
    """Counts as JSON."""
    return dump({
        "records": {side.value: count for side, count in tally.records.items()},
        "outcomes": {outcome.value: count for outcome, count in tally.outcomes.items()},
        "softened": dict(tally.softened),
        "ruled": {str(place): count for place, count in tally.ruled.items()},
        "canaries": list(tally.canaries),
        "cleared": tally.cleared,
        "hidden": tally.hidden,
    })  # fmt: skip


def _load_counts(plain: Mapping[str, dict[str, int]]) -> Counts:
    """The counts again."""
    planted, caught = plain["canaries"]
    return Counts(
        records={Side(side): count for side, count in plain["records"].items()},
        outcomes={Outcome(outcome): count for outcome, count in plain["outcomes"].items()},
        softened=plain["softened"],
        ruled={int(place): count for place, count in plain["ruled"].items()},
        canaries=(int(planted), int(caught)),
        cleared=int(str(plain["cleared"])),
        hidden=int(str(plain["hidden"])),
    )
