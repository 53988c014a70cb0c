"""A domain's timeline as a drawing in units of the SVG: bars, moments in lanes, days on an axis, the soak above."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reconciler.core.gate_values import SoakClock
from reconciler.core.timeline import Band, BandState, Moment, Timeline
from reconciler.core.wording import counted, moment, span
from reconciler.web.words import BAND, MOMENT, Family, Word

WIDE, NARROW = 1000, 340
MARGIN = 12
BAR_TOP, BAR_HEIGHT = 30, 26
FIRST_LANE, LANE, LANES = 80, 22, 4
APART = 20
LABEL = 58
GLYPHS = {BandState.DIFFS: "\N{MULTIPLICATION SIGN}", BandState.INCONCLUSIVE: "!"}
LEAST_FOR_GLYPH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A band as a rectangle."""

    x: float
    width: float
    family: Family
    glyph: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A moment as an icon in a lane, on a stem from the bars."""

    x: float
    y: float
    word: Word
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A midnight on the axis; most have no label."""

    x: float
    label: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakLine:
    """The soak above the bars: from where it counts to now, or to its end."""

    start: float
    end: float
    full: bool
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Everything on one canvas."""

    width: int
    height: float
    axis: float
    bars: tuple[Bar, ...]
    flags: tuple[Flag, ...]
    ticks: tuple[Tick, ...]
    soak: SoakLine | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table that says the same: when it began, when it ended, what it was."""

    start: datetime
    end: datetime | None
    word: Word
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineView:
    """The timeline for wide and narrow screens, as a table and in a sentence; `used` are the kinds of its moments."""

    days: int
    wide: Drawing
    narrow: Drawing
    rows: tuple[Row, ...]
    used: tuple[Word, ...]
    text: str


def timeline_view(timeline: Timeline, soak: SoakClock | None, *, days: int) -> TimelineView:
    """All faces of a timeline."""
    return TimelineView(
        days=days,
        wide=drawing(timeline, soak, width=WIDE),
        narrow=drawing(timeline, soak, width=NARROW),
        rows=tuple(sorted(_rows(timeline), key=lambda row: row.start, reverse=True)),
        used=tuple(word for kind, word in MOMENT.items() if any(one.kind is kind for one in timeline.moments)),
        text=_sentence(timeline, days),
    )


def drawing(timeline: Timeline, soak: SoakClock | None, *, width: int) -> Drawing:
    """The timeline on a canvas of that width."""
    scale = _Scale(since=timeline.since, until=timeline.until, width=width)
    flags = tuple(_flags(timeline.moments, scale))
    axis = max((flag.y for flag in flags), default=FIRST_LANE - LANE) + LANE
    return Drawing(
        width=width,
        height=axis + 22,
        axis=axis,
        bars=tuple(_bar(band, scale) for band in timeline.bands),
        flags=flags,
        ticks=tuple(_ticks(scale)),
        soak=_soak(soak, scale),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """From times to places."""

    since: datetime
    until: datetime
    width: int

    def x(self, at: datetime) -> float:
        """The place of a time, kept on the canvas."""
        part = (at - self.since) / (self.until - self.since)
        return round(MARGIN + min(1.0, max(0.0, part)) * (self.width - 2 * MARGIN), 1)


def _bar(band: Band, scale: _Scale) -> Bar:
    start, end = scale.x(band.start), scale.x(band.end)
    width = round(max(1.5, end - start), 1)
    word = BAND[band.state]
    return Bar(
        x=start,
        width=width,
        family=word.family,
        glyph=GLYPHS.get(band.state, "") if width >= LEAST_FOR_GLYPH else "",
        text=f"{word.word} {_stretch(band)}",
    )


def _stretch(band: Band) -> str:
    """From when to when, how long, by how many runs."""
    runs = f", {counted(band.runs, 'run')}" if band.runs else ""
    return f"from {moment(band.start)} for {span(band.end - band.start)}{runs}"


def _flags(moments: Sequence[Moment], scale: _Scale) -> Iterator[Flag]:
    """Each moment in the highest lane where it does not cover the one before it."""
    taken = [float("-inf")] * LANES
    for one in moments:
        x = scale.x(one.at)
        lane = next((number for number, last in enumerate(taken) if x - last >= APART), LANES - 1)
        taken[lane] = x
        yield Flag(x=x, y=FIRST_LANE + lane * LANE, word=MOMENT[one.kind], text=f"{one.told}, {moment(one.at)}")


def _ticks(scale: _Scale) -> Iterator[Tick]:
    """Midnights, as many of them labelled as have room."""
    first = scale.since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    midnights = []
    while first <= scale.until:
        midnights.append(first)
        first += timedelta(days=1)
    a_day = (scale.width - 2 * MARGIN) / max(1, len(midnights))
    every = max(1, -int(-LABEL // a_day))
    for number, at in enumerate(midnights):
        x = scale.x(at)
        roomy = MARGIN + LABEL / 2 < x < scale.width - MARGIN - LABEL / 2
        label = f"{at.day} {at:%b}" if (len(midnights) - 1 - number) % every == 0 and roomy else ""
        yield Tick(x=x, label=label, anchor="middle")


def _soak(soak: SoakClock | None, scale: _Scale) -> SoakLine | None:
    """The line of the soak; None where nothing counts yet."""
    if soak is None or soak.since is None or soak.ends_at is None or soak.elapsed is None:
        return None
    full = soak.elapsed >= soak.needed
    end = min(soak.ends_at, scale.until) if full else scale.until
    state = f"{span(soak.needed)} full" if full else f"{span(soak.elapsed)} of {span(soak.needed)}"
    return SoakLine(start=scale.x(soak.since), end=scale.x(max(end, scale.since)), full=full, label=f"soak {state}")


def _rows(timeline: Timeline) -> Iterator[Row]:
    """Bands and moments alike."""
    for band in timeline.bands:
        runs = f"{counted(band.runs, 'run')}" if band.runs else "no run"
        first = f", the first is run {band.run}" if band.run and band.runs else ""
        yield Row(start=band.start, end=band.end, word=BAND[band.state], text=f"{runs}{first}")
    for one in timeline.moments:
        yield Row(start=one.at, end=None, word=MOMENT[one.kind], text=one.told)


def _sentence(timeline: Timeline, days: int) -> str:
    """How long the domain was in which state, for those who don't see the drawing."""
    lengths = {state: timedelta(0) for state in BandState}
    for band in timeline.bands:
        lengths[band.state] += band.end - band.start
    told = [f"{BAND[state].word.lower()} {span(length)}" for state, length in lengths.items() if length]
    return f"Last {days} days: {', '.join(told)}; {counted(len(timeline.moments), 'event')}"
