"""The overview: every domain with its verdict, the one sentence above them, and how many stand where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from reconciler.app.ports import StoredRun
from reconciler.core.gate import Check, Gate, GateVerdict
from reconciler.core.history import DomainHistory, DomainRun
from reconciler.core.model import RunStatus
from reconciler.core.spec import DomainSpec, System
from reconciler.core.wording import counted, number
from reconciler.web.reading import length
from reconciler.web.services import ScheduledRun
from reconciler.web.views.days import Judgements, Strip, strip
from reconciler.web.views.lately import Event
from reconciler.web.views.needs import Need
from reconciler.web.words import GATE, RUN, SEVERITY, STATUS, Family, Word, gate_word

MAY_READ_TARGET = (GateVerdict.GO, GateVerdict.FLIPPED)
SOAKS = (GateVerdict.SOAKING, GateVerdict.READY, GateVerdict.GO, GateVerdict.NO_GO, GateVerdict.HOLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """A domain's newest run that ended: what it said, of how many, when and how long."""

    id: int
    word: Word
    mode: str
    at: datetime
    compared: int
    seen: int
    took: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """Hours of clean time against hours asked for."""

    hours: int
    needed: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One domain of the matrix."""

    name: str
    title: str
    verdict: GateVerdict
    word: Word
    why: str
    compared: str
    next_step: str
    strip: Strip
    soak: Soak | None
    last_run: LastRun | None
    flag: str
    reads: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many domains stand at a verdict."""

    verdict: GateVerdict
    word: Word
    domains: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """The one sentence: the worst verdict, what it is about, the next action and where it is done."""

    word: Word
    headline: str
    detail: str
    next_step: str
    href: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The page. `counts` has every verdict; `rows` leaves out what cannot be compared."""

    banner: Banner
    counts: tuple[Count, ...]
    rows: tuple[Row, ...]
    not_comparable: tuple[DomainSpec, ...]
    next_run: ScheduledRun | None
    running: tuple[StoredRun, ...]
    waiting: tuple[Need, ...]
    lately: tuple[Event, ...]


class Order(StrEnum):
    """What the rows of the matrix are sorted by."""

    SEVERITY = "severity"
    NAME = "name"
    SOAK = "soak"
    LAST_RUN = "last_run"


def sorted_by(rows: Sequence[Row], order: Order) -> tuple[Row, ...]:
    """The rows in that order: the nearest to the end of its soak, or the longest without a run, first."""
    match order:
        case Order.SEVERITY:
            return tuple(rows)
        case Order.NAME:
            return tuple(sorted(rows, key=lambda row: row.title.casefold()))
        case Order.SOAK:
            return tuple(sorted(rows, key=lambda row: -(row.soak.share if row.soak else -1)))
        case Order.LAST_RUN:
            return tuple(sorted(rows, key=lambda row: (row.last_run is not None, row.last_run and row.last_run.at)))
        case _ as never:
            assert_never(never)


def overview(
    system: System,
    gates: Sequence[Gate],
    histories: Mapping[str, DomainHistory],
    *,
    now: datetime,
    judgements: Judgements,
    scheduled: Sequence[ScheduledRun],
    running: Sequence[StoredRun],
    waiting: Sequence[Need] = (),
) -> Overview:
    """The page from every domain's gate and its history of the last days."""
    made = [
        _row(system.domain(gate.domain), gate, histories[gate.domain], now=now, judgements=judgements)
        for gate in gates
        if gate.verdict is not GateVerdict.NOT_COMPARABLE
    ]
    rows = tuple(sorted(made, key=lambda row: (SEVERITY.index(row.verdict), not row.flag, row.title)))
    due = [one for one in scheduled if one.next_at is not None]
    return Overview(
        banner=_banner(rows, system),
        counts=tuple(_count(verdict, gates) for verdict in _most_urgent_first()),
        rows=rows,
        not_comparable=tuple(domain for domain in system.domains if not domain.comparable),
        next_run=min(due, key=lambda one: (one.next_at, one.domain), default=None),
        running=tuple(running),
        waiting=tuple(waiting),
        lately=(),
    )


def _most_urgent_first() -> tuple[GateVerdict, ...]:
    """Every verdict in the order of the counts: those without data at the end."""
    unknown = (GateVerdict.NO_DATA, GateVerdict.NOT_COMPARABLE)
    return (*(verdict for verdict in SEVERITY if verdict not in unknown), *unknown)


def _count(verdict: GateVerdict, gates: Sequence[Gate]) -> Count:
    return Count(verdict=verdict, word=GATE[verdict], domains=sum(gate.verdict is verdict for gate in gates))


def check_of(gate: Gate, name: str) -> Check | None:
    """The gate's check of that name."""
    return next((check for check in gate.checks if check.name == name), None)


def _row(spec: DomainSpec, gate: Gate, history: DomainHistory, *, now: datetime, judgements: Judgements) -> Row:
    flag, open_diffs = check_of(gate, "flag_observed"), check_of(gate, "open_diffs")
    return Row(
        name=spec.name,
        title=spec.title,
        verdict=gate.verdict,
        word=gate_word(gate),
        why=gate.reason,
        compared=open_diffs.measured if open_diffs else "",
        next_step=gate.next_step,
        strip=strip(history.runs, now=now, judgements=judgements),
        soak=soak_of(spec, gate, now=now),
        last_run=_last_run(history.runs, judgements),
        flag=spec.flip.partition("=")[0],
        reads=_reads(flag, spec),
    )


def soak_of(spec: DomainSpec, gate: Gate, *, now: datetime) -> Soak | None:
    """How far the soak is; None where nothing soaks."""
    check = check_of(gate, "soak")
    if check is None or gate.verdict not in SOAKS:
        return None
    needed = spec.policy.soak_window.total_seconds()
    elapsed = max(0.0, (now - check.since).total_seconds()) if check.since else 0.0
    part = min(1.0, elapsed / needed) if needed else 1.0
    return Soak(hours=int(elapsed // 3600), needed=int(needed // 3600), share=int(part * 1000) / 1000)


def _reads(flag: Check | None, spec: DomainSpec) -> str:
    """The store that is read, as it was observed; without a live flag or a watch it says so."""
    if not spec.flip:
        return "no live flag"
    return flag.measured.removeprefix(f"{spec.flag} reads ") if flag else "not watched"


def _last_run(runs: Sequence[DomainRun], judgements: Judgements) -> LastRun | None:
    """The newest part of a run that is not under way."""
    ended = next((run for run in runs if run.status is not RunStatus.RUNNING), None)
    if ended is None:
        return None
    judged = judgements.of(ended)
    return LastRun(
        id=ended.run_id,
        word=RUN[judged] if ended.status is RunStatus.COMPLETED else STATUS[ended.status],
        mode=ended.mode.value,
        at=ended.finished_at or ended.started_at,
        compared=sum(entity.compared for entity in ended.entities),
        seen=sum(entity.seen for entity in ended.entities),
        took=length(ended.started_at, ended.finished_at),
    )


def _banner(rows: Sequence[Row], system: System) -> Banner:
    """The worst verdict decides the colour; the first domain at it gives detail and next action."""
    if not rows:
        return Banner(
            word=GATE[GateVerdict.NO_DATA],
            headline="No domain can be compared.",
            detail="None has a PostgreSQL side in the configuration.",
            next_step="write a file for a domain below config/domains, then `reconciler config validate`",
            href="",
            link="",
        )
    first = rows[0]
    flags = [domain for domain in system.domains if domain.flip]
    open_gates = sum(1 for row in rows if row.flag and row.verdict in MAY_READ_TARGET)
    if flags and all(row.verdict in MAY_READ_TARGET for row in rows) and _all_flipped(rows):
        return Banner(
            word=first.word,
            headline=f"Migration done: {number(len(flags))} of {counted(len(flags), 'flag')} read PostgreSQL.",
            detail="The watch goes on in reverse: a difference now means that going back would lose data.",
            next_step="keep the way back until its owner lets it go, then remove it; `reconciler report` is the record",
            href="/cutover",
            link="Open the cutover",
        )
    may_read = f"{number(open_gates)} of {counted(len(flags), 'flag')}"
    return Banner(
        word=first.word,
        headline=_headline(first.verdict, sum(row.verdict is first.verdict for row in rows), len(rows)),
        detail=f"{first.title}: {first.why} {may_read} may flip or have flipped.",
        next_step=first.next_step,
        href=f"/domains/{first.name}",
        link=f"Open {first.title}",
    )


def _all_flipped(rows: Sequence[Row]) -> bool:
    """Whether every domain with a flag reads PostgreSQL."""
    return all(row.verdict is GateVerdict.FLIPPED for row in rows if row.flag)


def _headline(verdict: GateVerdict, count: int, rows: int) -> str:
    """`2 domains must not flip.`: the worst verdict in words."""
    domains = counted(count, "domain")
    one = count == 1
    match verdict:
        case GateVerdict.NO_GO:
            return f"{domains} must not flip."
        case GateVerdict.HOLD:
            return f"{domains} can't be judged."
        case GateVerdict.NO_DATA:
            return f"{domains} {'has' if one else 'have'} never been compared."
        case GateVerdict.SOAKING:
            return f"Nothing is wrong; {domains} {'is' if one else 'are'} still soaking."
        case GateVerdict.READY:
            return f"Nothing is wrong; {domains} {'waits' if one else 'wait'} for approval."
        case GateVerdict.GO:
            return f"{domains} may flip."
        case GateVerdict.FLIPPED:
            return f"All done: {number(count)} of {counted(rows, 'domain')} read PostgreSQL, and the watch is clean."
        case _:
            raise ValueError(f"no headline tells {verdict}")


def worst_family(overview_page: Overview) -> Family:
    """The family of the favicon."""
    return overview_page.banner.word.family


def tab_title(overview_page: Overview) -> str:
    """`(2 NO-GO) Overview`: the count that matters first."""
    rows = overview_page.rows
    if not rows:
        return "(0 compared) Overview"
    first = rows[0]
    return f"({number(sum(row.verdict is first.verdict for row in rows))} {first.word.word}) Overview"
