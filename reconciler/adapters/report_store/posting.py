"""Deliveries of events: what is due, how tries ended, what was given up, and how each channel does."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from reconciler.adapters.report_store.noticing import COLUMNS, add, event_of
from reconciler.adapters.report_store.recording import insert
from reconciler.adapters.report_store.texts import safe, to_micros, to_time, to_time_or_none
from reconciler.app.notices import ChannelHealth, Delivery, DeliveryStatus, Sent
from reconciler.core.events import Happening
from reconciler.errors import ReportStoreError

DELIVERIES = f"""
    SELECT v.id, v.channel, v.status, v.tries, v.next_at, v.last_at, v.told, {COLUMNS}
    FROM deliveries v JOIN events e ON e.id = v.event_id
"""
NEXT = f"""
    {DELIVERIES} WHERE v.channel = ? AND v.status = 'pending' AND v.next_at <= ? AND NOT EXISTS (
        SELECT 1 FROM deliveries o JOIN events f ON f.id = o.event_id
        WHERE o.channel = v.channel AND o.status = 'pending' AND o.id < v.id AND f.domain = e.domain
    ) ORDER BY v.next_at, v.id LIMIT 1
"""
SETTLED = "UPDATE deliveries SET status = ?, tries = tries + 1, next_at = ?, last_at = ?, told = ? WHERE id = ?"
COUNT = """
    INSERT INTO delivery_counts (channel, result, count) VALUES (?, ?, 1)
    ON CONFLICT (channel, result) DO UPDATE SET count = count + 1
"""


def next_due(db: Database, channel: str, *, at: datetime) -> Delivery | None:
    """What is to be sent now: of each domain the oldest first, so that nothing overtakes what it follows."""
    row = db.execute(NEXT, [channel, to_micros(at)]).fetchone()
    return None if row is None else _delivery(row)


def settle(db: Database, delivery: Delivery, *, sent: Sent, next_at: datetime | None, at: datetime) -> Delivery:
    """Stores how a try ended."""
    status = DeliveryStatus.DELIVERED if sent.ok else DeliveryStatus.PENDING if next_at else DeliveryStatus.DEAD
    values = [status.value, to_micros(next_at or at), to_micros(at), safe(sent.told), delivery.id]
    db.execute(SETTLED, values)
    _count(db, delivery.channel, "delivered" if sent.ok else "failed")
    if status is DeliveryStatus.DEAD:
        _count(db, delivery.channel, "dead")
    return _get(db, delivery.id)


def put(db: Database, happening: Happening, *, channel: str, at: datetime) -> Delivery:
    """Stores an event as given up before its first try, so that nobody but who asks sends it.

    Raises ReportStoreError where its key is known.
    """
    number = add(db, happening)
    if number is None:
        raise ReportStoreError("an event cannot be stored twice", expected="a new key", got=happening.key)
    row: dict[str, object] = {
        "event_id": number,
        "channel": channel,
        "status": DeliveryStatus.DEAD.value,
        "next_at": to_micros(at),
    }
    return _get(db, insert(db, "deliveries", row))


def _count(db: Database, channel: str, result: str) -> None:
    """One more that ended so."""
    db.execute(COUNT, [channel, result])


def _get(db: Database, delivery_id: int) -> Delivery:
    """The delivery as it is stored."""
    return _delivery(db.execute(f"{DELIVERIES} WHERE v.id = ?", [delivery_id]).fetchone())


def retry(db: Database, *, channel: str | None, at: datetime) -> int:
    """Puts what was given up back in line, with all its tries before it."""
    query = """
        UPDATE deliveries SET status = 'pending', tries = 0, next_at = ?1
        WHERE status = 'dead' AND (?2 IS NULL OR channel = ?2)
    """
    return int(db.execute(query, [to_micros(at), channel]).rowcount)


def listed(db: Database, *, channel: str | None, status: DeliveryStatus | None, limit: int) -> list[Delivery]:
    """Deliveries, newest first."""
    fitting = "(?1 IS NULL OR v.channel = ?1) AND (?2 IS NULL OR v.status = ?2)"
    values = [channel, status.value if status else None, limit]
    rows = db.execute(f"{DELIVERIES} WHERE {fitting} ORDER BY v.id DESC LIMIT ?3", values)
    return [_delivery(row) for row in rows]


def _delivery(row: Sequence[Any]) -> Delivery:
    """A row as a delivery."""
    number, channel, status, tries, next_at, last_at, told, *event = row
    return Delivery(
        id=number, channel=channel, event=event_of(event), status=DeliveryStatus(status), tries=tries,
        next_at=to_time(next_at), last_at=to_time_or_none(last_at), told=told,
    )  # fmt: skip


def health(db: Database, channels: Sequence[str]) -> list[ChannelHealth]:
    """How each of these channels does."""
    return [_health(db, name) for name in channels]


def _health(db: Database, channel: str) -> ChannelHealth:
    """Counts, the last arrival, and the last failure if it came after that."""
    counts = dict(
        db.execute("SELECT status, COUNT(*) FROM deliveries WHERE channel = ? GROUP BY status", [channel]).fetchall()
    )
    arrived = db.execute(
        "SELECT MAX(last_at) FROM deliveries WHERE channel = ? AND status = 'delivered'", [channel]
    ).fetchone()[0]
    failed = db.execute(
        "SELECT last_at, told FROM deliveries WHERE channel = ? AND status IN ('pending', 'dead') AND last_at >= ? "
        "ORDER BY last_at DESC, id DESC LIMIT 1",
        [channel, arrived or 0],
    ).fetchone()
    return ChannelHealth(
        channel=channel,
        pending=counts.get("pending", 0),
        dead=counts.get("dead", 0),
        delivered_at=to_time_or_none(arrived),
        failed_at=to_time_or_none(failed[0]) if failed else None,
        trouble=failed[1] if failed else "",
    )


def results(db: Database) -> dict[tuple[str, str], int]:
    """How many tries ended how, by channel and result."""
    rows = db.execute("SELECT channel, result, count FROM delivery_counts")
    return {(channel, result): number for channel, result, number in rows}
