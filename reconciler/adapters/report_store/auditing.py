"""The audit log's rows: appending in a transaction, listing, and proving the chain."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from sqlite_utils import Database

from reconciler.adapters.report_store.texts import safe, to_micros, to_time
from reconciler.app.ports import AuditFilter
from reconciler.core.access import Actor, Means, Role
from reconciler.core.audit import BEGINNING, Act, AuditAction, AuditEntry, Chain, chained, prove

NOTHING = Chain(entries=0, head=BEGINNING)
COLUMNS = "id, at, actor, role, means, action, domain, verdict, evidence_digest, comment, previous, digest"
ALL = f"SELECT {COLUMNS} FROM audit"
FOLLOWING = f"{ALL} WHERE id > ? ORDER BY id"
LAST = "SELECT id, digest FROM audit ORDER BY id DESC LIMIT 1"
EVER = "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'audit'"
STRETCH = 100

Row = tuple[int, int, str, str, str, str, str, str, str, str, str, str]


class Proved:
    """How far this process has proved the chain, and how far it has gone over the older entries once more."""

    def __init__(self) -> None:
        self.chain = NOTHING
        self.again = NOTHING


def append(db: Database, act: Act) -> AuditEntry:
    """Adds the act as the next entry; for use inside a transaction of the writer."""
    number, previous = db.execute(LAST).fetchone() or (0, BEGINNING)
    entry = chained(_storable(act), number=number + 1, previous=previous)
    values = _values(entry)
    db.execute(f"INSERT INTO audit ({COLUMNS}) VALUES ({', '.join('?' for _ in values)})", values)
    return entry


def list_entries(db: Database, wanted: AuditFilter) -> list[AuditEntry]:
    """The entries that fit, without those that cannot be read."""
    conditions, values = _conditions(wanted)
    order = "DESC" if wanted.newest_first else "ASC"
    rows = db.execute(f"{ALL} WHERE {' AND '.join(conditions)} ORDER BY id {order} LIMIT ?", [*values, wanted.limit])
    return [entry for row in rows if (entry := read_entry(row)) is not None]


def prove_chain(db: Database, proved: Proved, *, full: bool) -> Chain:
    """Proves everything, or what follows the entry proved last, that entry, and a stretch of older ones in turn."""
    known = NOTHING if full else proved.chain
    trouble = _anchor_trouble(db, known)
    if trouble:
        proved.chain = NOTHING
        return replace(known, trouble=trouble)
    chain = prove_whole(db, known)
    older = NOTHING if full else _prove_again(db, proved)
    if not older.intact:
        chain = older
    proved.chain = replace(chain, trouble="")
    return chain


def _prove_again(db: Database, proved: Proved) -> Chain:
    """The next stretch of what was proved before; after the last one the first comes again."""
    rows = db.execute(f"{FOLLOWING} LIMIT ?", [proved.again.entries, STRETCH]).fetchall()
    older = prove_rows(rows, proved.again)
    proved.again = older if older.intact and len(rows) == STRETCH else NOTHING
    return older


def prove_whole(db: Database, known: Chain) -> Chain:
    """What holds from the entry known last to the end, and that none is missing there."""
    chain = prove_rows(db.execute(FOLLOWING, [known.entries]), known)
    ever = int(db.execute(EVER).fetchone()[0])
    if chain.intact and chain.entries < ever:
        return replace(chain, trouble=f"entry {chain.entries + 1} is missing: {ever} were written")
    return chain


def prove_rows(rows: Iterable[Row], known: Chain = NOTHING) -> Chain:
    """What holds of rows in their order, from what is known of those before them."""
    unreadable: list[int] = []

    def entries() -> Iterator[AuditEntry]:
        for row in rows:
            entry = read_entry(row)
            if entry is None:
                unreadable.append(row[0])
                return
            yield entry

    chain = prove(entries(), number=known.entries, previous=known.head)
    return replace(chain, trouble=f"entry {unreadable[0]} cannot be read") if unreadable else chain


def read_entry(row: Row) -> AuditEntry | None:
    """A row as an entry; None where it holds what no entry can."""
    number, at, name, role, means, action, domain, verdict, evidence_digest, comment, previous, digest = row
    try:
        act = Act(
            actor=Actor(name=name, role=Role(role), means=Means(means)), action=AuditAction(action), at=to_time(at),
            domain=domain, verdict=verdict, evidence_digest=evidence_digest, comment=comment,
        )  # fmt: skip
    except (ValueError, OverflowError):
        return None
    return AuditEntry(number=number, act=act, previous=previous, digest=digest)


def _anchor_trouble(db: Database, known: Chain) -> str:
    """What is wrong with the entry that was proved last; empty where it is as it was."""
    if known.entries == 0:
        return ""
    row = db.execute(f"{ALL} WHERE id = ?", [known.entries]).fetchone()
    if row is None:
        return f"entry {known.entries} is missing"
    entry = read_entry(row)
    chain = entry if entry is None else prove([entry], number=known.entries - 1, previous=entry.previous)
    holds = chain is not None and chain.intact and chain.head == known.head
    return "" if holds else f"entry {known.entries} was changed after it was written"


def _conditions(wanted: AuditFilter) -> tuple[list[str], list[object]]:
    """The filter as conditions and their values."""
    marks = ", ".join("?" for _ in wanted.actions)
    asked: dict[str, Sequence[object]] = {
        "id < ?": [] if wanted.before is None else [wanted.before],
        "domain = ?": [] if wanted.domain is None else [wanted.domain],
        "actor = ?": [] if wanted.actor is None else [wanted.actor],
        "at >= ?": [] if wanted.since is None else [to_micros(wanted.since)],
        "at < ?": [] if wanted.until is None else [to_micros(wanted.until)],
        f"action IN ({marks})": [action.value for action in wanted.actions],
    }
    used = {"id > ?": [wanted.after]} | {condition: values for condition, values in asked.items() if values}
    return list(used), [value for values in used.values() for value in values]


def _values(entry: AuditEntry) -> list[object]:
    """An entry as a row."""
    act = entry.act
    return [
        entry.number, to_micros(act.at), act.actor.name, act.actor.role.value, act.actor.means.value, act.action.value,
        act.domain, act.verdict, act.evidence_digest, act.comment, entry.previous, entry.digest,
    ]  # fmt: skip


def _storable(act: Act) -> Act:
    """The act in texts and a time that a column gives back as they were."""
    return replace(
        act,
        actor=replace(act.actor, name=safe(act.actor.name)),
        at=to_time(to_micros(act.at)),
        domain=safe(act.domain),
        verdict=safe(act.verdict),
        evidence_digest=safe(act.evidence_digest),
        comment=safe(act.comment),
    )
