"""Small pictures of a few numbers, the newest last: bars on a line in units of the SVG, and one sentence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.web.words import Family

BAR, GAP, HEIGHT, FLAT = 12, 4, 40, 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One number of a picture with the words for it; None is a gap."""

    number: float | None
    text: str
    family: Family


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A number as a rectangle that stands on the line."""

    x: float
    y: float
    height: float
    family: Family
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """The picture: `newest` is its last number in words, `text` what it shows, for those who don't see it."""

    label: str
    newest: str
    width: int
    bars: tuple[Bar, ...]
    text: str


def spark(label: str, values: Sequence[Value], *, newest: str) -> Spark:
    """The picture of these values, scaled to the largest; nothing is cut off below, so that heights can be compared."""
    told = "; ".join(value.text for value in values)
    return Spark(
        label=label,
        newest=newest,
        width=max(1, len(values)) * (BAR + GAP) - GAP,
        bars=tuple(_bars(values)),
        text=f"{label}, the newest last: {told}",
    )


def _bars(values: Sequence[Value]) -> Iterator[Bar]:
    """A bar each; nought is a flat one, a gap is none."""
    most = max((value.number or 0 for value in values), default=0)
    for place, value in enumerate(values):
        if value.number is not None:
            height = round(max(FLAT, value.number / most * (HEIGHT - 2)), 1) if most else FLAT
            yield Bar(
                x=place * (BAR + GAP),
                y=round(HEIGHT - height, 1),
                height=height,
                family=value.family,
                text=value.text,
            )
