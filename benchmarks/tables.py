"""Measures as Markdown: what was to be reached and what was, as ratios of one run, and a table a size."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.measures import RECHECKED, Measure, Sized
from benchmarks.reports import DIFFS, RUNS, Timed
from benchmarks.work import METHODS

FASTEST = METHODS[-1]
TIMES = "\N{MULTIPLICATION SIGN}"
HEAD = (
    "| what | s (min / median / max) | records/s | time a record, drain = 1 | own CPU s | MongoDB CPU s "
    "| PostgreSQL CPU s | MB from and to MongoDB | PostgreSQL | peak MB |"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A measure to reach; `ratio` is what was reached over what was to be, above 1 in the right direction or not."""

    what: str
    records: int
    reached: float
    needed: float
    unit: str
    at_least: bool = False

    @property
    def ratio(self) -> float:
        """Reached over needed."""
        return self.reached / self.needed

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.ratio >= 1 if self.at_least else self.ratio <= 1


def goals(sizes: Sequence[Sized], faces: dict[str, Timed]) -> list[Goal]:
    """Every measure to reach that was taken."""
    found = [goal for one in sizes for goal in _of_size(one)]
    if "overview" in faces:
        what = f"overview, {RUNS:,} runs and {DIFFS:,} differences stored"
        median = statistics.median(faces["overview"].seconds) * 1000
        found.append(Goal(what=what, records=0, reached=median, needed=100, unit="ms"))
    if "help" in faces:
        seconds = statistics.median(faces["help"].seconds)
        found.append(Goal(what="`reconciler --help`", records=0, reached=seconds, needed=0.3, unit="s"))
    return found


def _of_size(sized: Sized) -> Iterator[Goal]:
    """The measures to reach at one size."""
    records, named = sized.records, sized.named
    drain, obvious, stream = named("drain of both stores"), named("obvious loop"), named("scan, stream")
    clean, percent = named(f"scan, {FASTEST}"), named(f"scan, {FASTEST}, 1.0% differ")
    again = named(f"recheck of {RECHECKED:,} open diffs")
    if drain is None or obvious is None or stream is None or clean is None:
        return
    moved = sum(clean.wire.values()) / sum(drain.wire.values()) * 100

    def goal(what: str, reached: float, needed: float, unit: str, *, at_least: bool = False) -> Goal:
        return Goal(what=what, records=records, reached=reached, needed=needed, unit=unit, at_least=at_least)

    yield goal(f"clean scan ({FASTEST}) over the drain", clean.wall / drain.wall, 1.0, TIMES)
    yield goal(
        f"clean scan ({FASTEST}) faster than the obvious loop", clean.rate / obvious.rate, 100, TIMES, at_least=True
    )
    yield goal("bytes of that scan over the drain's", moved, 0.1, "%")
    if percent is not None:
        yield goal(f"scan ({FASTEST}) with 1 % differing over the clean one", percent.wall / clean.wall, 3, TIMES)
    yield goal("scan (stream)", stream.rate, 40_000, "records/s", at_least=True)
    yield goal("highest memory of a scan, at most 1 % differing", max(_memories(sized)), 300, "MB")
    if again is not None:
        yield goal(f"recheck of {RECHECKED:,} open differences, without the waiting", again.wall, 10, "s")


def _memories(sized: Sized) -> Iterator[float]:
    """Peak memory of each scan of at most 1 % differing records."""
    return (one.peak_mb for one in sized.measures if one.name.startswith("scan") and "10.0%" not in one.name)


def goals_table(found: Sequence[Goal]) -> str:
    """A row for each goal."""
    lines = ["| what | records on each side | reached | to reach | reached / to reach | |", "|---|--:|--:|--:|--:|---|"]
    for one in found:
        sign, records = "≥" if one.at_least else "≤", f"{one.records:,}" if one.records else ""
        lines.append(
            f"| {one.what} | {records} | {_figure(one.reached)} {one.unit} | {sign} {_figure(one.needed)} {one.unit} "
            f"| {_figure(one.ratio)} | {'reached' if one.met else 'missed'} |"
        )
    return "\n".join(lines)


def _figure(value: float) -> str:
    """Three figures that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def size_table(sized: Sized) -> str:
    """Every measure of one size."""
    drain = sized.named("drain of both stores")
    lines = [
        f"### {sized.records:,} records on each side",
        "",
        HEAD,
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(_row(one, drain or one) for one in sized.measures),
    ]
    return "\n".join(lines)


def _row(one: Measure, drain: Measure) -> str:
    """One measure."""
    store = [f"{one.store_cpu[name]:.2f}" if name in one.store_cpu else "?" for name in ("mongod", "postgres")]
    wire = [f"{one.wire[name] / 1e6:,.3f}" for name in ("mongod", "postgres")]
    cells = (
        one.name, f"{min(one.walls):.2f} / {one.wall:.2f} / {max(one.walls):.2f}", f"{one.rate:,.0f}",
        f"{drain.rate / one.rate:.2f}", f"{one.cpu:.2f}", *store, *wire, f"{one.peak_mb:,.0f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def faces_table(faces: dict[str, Timed]) -> str:
    """What people wait for."""
    lines = ["### Faces", "", "| what | first s | min / median / max s |", "|---|--:|--:|"]
    for name, one in faces.items():
        low, middle, high = min(one.seconds), statistics.median(one.seconds), max(one.seconds)
        lines.append(f"| {name} | {one.first:.3f} | {low:.3f} / {middle:.3f} / {high:.3f} |")
    return "\n".join(lines)
