"""How events are written: each key once, with a delivery for every channel that is to be told, in one transaction."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from reconciler.adapters.report_store.recording import insert
from reconciler.adapters.report_store.texts import dump, to_micros, to_time
from reconciler.app.documents import instant
from reconciler.app.notices import Look
from reconciler.core.channels import BAD, Channel, Heard, Say, Standing, due, wanting
from reconciler.core.events import Event, EventType, Fact, Happening
from reconciler.core.gate_values import GateVerdict
from reconciler.core.telling import happening

COLUMNS = "e.id, e.uid, e.type, e.domain, e.at, e.facts"
CONFIRMED = """
    EXISTS (
        SELECT 1 FROM diff_clusters l JOIN diffs d ON d.id = l.diff_id
        WHERE l.cluster_id = c.id AND d.state IN ('confirmed', 'regressed')
    )
"""
MOVED_CLUSTERS = f"""
    SELECT c.id, c.domain, c.entity, c.kind, c.open_diffs, s.open FROM clusters c
    LEFT JOIN cluster_standings s ON s.cluster_id = c.id
    WHERE (c.open_diffs = 0 AND s.open = 1) OR (c.open_diffs > 0 AND COALESCE(s.open, 0) = 0 AND {CONFIRMED})
    ORDER BY c.id
"""
REACHED = """
    INSERT INTO watermarks (subject, reached) VALUES (?, ?)
    ON CONFLICT (subject) DO UPDATE SET reached = excluded.reached WHERE reached <> excluded.reached
"""
MISSED = """
    SELECT domain, facts ->> 'mode' AS mode, SUM(facts ->> 'missed') FROM events WHERE type = ? GROUP BY domain, mode
"""


def watermark(db: Database, subject: str) -> str | None:
    """How far a subject was looked through."""
    row = db.execute("SELECT reached FROM watermarks WHERE subject = ?", [subject]).fetchone()
    return None if row is None else str(row[0])


def note(
    db: Database,
    happenings: Sequence[Happening],
    *,
    channels: Sequence[Channel],
    watermarks: Mapping[str, str],
    at: datetime,
) -> int:
    """Stores what is not known yet with its deliveries, and how far was looked."""
    new = [(one, number) for one in happenings if (number := add(db, one)) is not None]
    for one, number in new:
        for channel in wanting(channels, one.type, one.domain):
            deliver(db, number, channel, at=at)
    for subject, reached in watermarks.items():
        db.execute(REACHED, [subject, reached])
    return len(new)


def add(db: Database, one: Happening) -> int | None:
    """Stores it under an id of its own and returns its number; None where its key is known."""
    if db.execute("SELECT 1 FROM events WHERE key = ?", [one.key]).fetchone():
        return None
    row: dict[str, object] = {
        "uid": f"evt_{secrets.token_hex(16)}",
        "key": one.key,
        "type": one.type.value,
        "domain": one.domain,
        "at": to_micros(one.at),
        "facts": dump(dict(one.facts)),
    }
    return insert(db, "events", row)


def deliver(db: Database, number: int, channel: Channel, *, at: datetime, at_once: bool = False) -> None:
    """Puts an event in line for a channel, once; in quiet hours from when they are over."""
    db.execute(
        "INSERT INTO deliveries (event_id, channel, status, next_at) VALUES (?, ?, 'pending', ?) "
        "ON CONFLICT (event_id, channel) DO NOTHING",
        [number, channel.name, to_micros(at if at_once else channel.loud_from(at))],
    )


def look(db: Database, looks: Sequence[Look], *, channels: Sequence[Channel], every: timedelta, at: datetime) -> int:
    """Compares gates with how they stood, and channels with what they heard."""
    heard = {
        (channel, domain): Heard(verdict=GateVerdict(verdict), at=to_time(told_at))
        for channel, domain, verdict, told_at in db.execute("SELECT channel, domain, verdict, at FROM heard")
    }
    told = 0
    for one in looks:
        standing, number = _stands(db, one, at=at)
        for channel in wanting(channels, EventType.VERDICT_CHANGED, one.domain):
            say = due(standing, heard.get((channel.name, one.domain)), channel, now=at, look=every)
            told += _say(db, say, one, channel, number=number, standing=standing, at=at)
    return told


def _stands(db: Database, one: Look, *, at: datetime) -> tuple[Standing, int | None]:
    """How the gate stands, with the number of the event that told of it; a change becomes an event.

    A gate that was never looked at before changed from having no data, if it is bad.
    """
    row = db.execute("SELECT verdict, since, event_id FROM standings WHERE domain = ?", [one.domain]).fetchone()
    now = one.standing
    if row is not None and row[0] == now.verdict.value:
        return _standing(now, since=to_time(row[1])), row[2]
    before = GateVerdict(row[0]) if row else GateVerdict.NO_DATA
    since = to_time(row[1]) if row and (before in BAD) == now.bad else at
    number = None
    if row is not None or now.bad:
        facts = {**one.facts, "previous": before.value, "verdict": now.verdict.value}
        key = f"verdict:{one.domain}:{to_micros(at)}"
        number = add(db, happening(key, EventType.VERDICT_CHANGED, domain=one.domain, at=at, facts=facts))
    db.execute(
        "INSERT OR REPLACE INTO standings (domain, verdict, since, event_id) VALUES (?, ?, ?, ?)",
        [one.domain, now.verdict.value, to_micros(since), number],
    )
    return _standing(now, since=since), number


def _standing(now: Standing, *, since: datetime) -> Standing:
    return Standing(verdict=now.verdict, since=since, flipped=now.flipped)


def _say(
    db: Database, say: Say | None, one: Look, channel: Channel, *, number: int | None, standing: Standing, at: datetime
) -> int:
    """Puts in line what a channel is to be told, and notes that it was; how much that is."""
    if say is None:
        return 0
    if say is Say.REMINDER:
        facts = {**one.facts, "verdict": standing.verdict.value, "since": instant(standing.since)}
        key = f"reminder:{channel.name}:{one.domain}:{to_micros(at)}"
        number = add(db, happening(key, EventType.VERDICT_STANDS, domain=one.domain, at=at, facts=facts))
    db.execute(
        "INSERT OR REPLACE INTO heard (channel, domain, verdict, at) VALUES (?, ?, ?, ?)",
        [channel.name, one.domain, standing.verdict.value, to_micros(at)],
    )
    if number is None or say is Say.NOTHING:
        return 0
    deliver(db, number, channel, at=at, at_once=True)
    return 1


def look_at_clusters(db: Database, *, channels: Sequence[Channel], at: datetime) -> int:
    """Compares clusters with how they stood."""
    happenings = []
    for number, domain, entity, kind, records, known in db.execute(MOVED_CLUSTERS).fetchall():
        is_open = records > 0
        back = EventType.CLUSTER_OPENED if known is None else EventType.CLUSTER_REGRESSED
        what = back if is_open else EventType.CLUSTER_RESOLVED
        key = f"cluster:{number}:{what.short}:{to_micros(at)}"
        facts: dict[str, Fact] = {"cluster": f"K-{number}", "entity": entity, "kind": kind, "records": records}
        happenings.append(happening(key, what, domain=domain, at=at, facts=facts))
        db.execute("INSERT OR REPLACE INTO cluster_standings (cluster_id, open) VALUES (?, ?)", [number, int(is_open)])
    return note(db, happenings, channels=channels, watermarks={}, at=at)


def ended_since(db: Database, since: datetime) -> list[int]:
    """The runs that ended at or after that moment, in the order they ended."""
    query = "SELECT id FROM runs WHERE status <> 'running' AND finished_at >= ? ORDER BY finished_at, id"
    return [row[0] for row in db.execute(query, [to_micros(since)])]


def newest(db: Database, kinds: Sequence[EventType], *, limit: int) -> list[Event]:
    """The newest events of these kinds, newest first."""
    marks = ", ".join("?" for _ in kinds)
    rows = db.execute(
        f"SELECT {COLUMNS} FROM events e WHERE e.type IN ({marks}) ORDER BY e.id DESC LIMIT ?",
        [*(kind.value for kind in kinds), limit],
    )
    return list(read_events(rows))


def read_events(rows: Iterator[tuple[Any, ...]]) -> Iterator[Event]:
    """Rows of COLUMNS as events."""
    return (event_of(row) for row in rows)


def event_of(row: Sequence[Any]) -> Event:
    """The columns of COLUMNS as an event."""
    number, uid, kind, domain, at, facts = row
    return Event(number=number, id=uid, type=EventType(kind), domain=domain, at=to_time(at), facts=json.loads(facts))


def missed(db: Database) -> dict[tuple[str, str], int]:
    """How many scheduled runs did not start, by domain and mode."""
    rows = db.execute(MISSED, [EventType.SCHEDULE_MISSED.value])
    return {(domain, mode): int(count) for domain, mode, count in rows}
