"""A run beside earlier ones like it: how many records differed, how fast it read, how long it took."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.app.ports import StoredRun
from reconciler.core.model import RunStatus
from reconciler.core.wording import counted, number
from reconciler.web.reading import NONE
from reconciler.web.views.runs import Part, whole
from reconciler.web.views.sparks import Spark, Value, spark
from reconciler.web.words import Family

MOST = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendRow:
    """A run of the trend as a line of the table that says the same."""

    part: Part
    rate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The pictures, and the runs they are of, the newest first."""

    sparks: tuple[Spark, ...]
    rows: tuple[TrendRow, ...]


def trend(run: StoredRun, earlier: Sequence[StoredRun]) -> Trend | None:
    """The run after those before it; None where it has not ended, or is the first of its kind."""
    if run.status is not RunStatus.COMPLETED or not earlier:
        return None
    runs = [*reversed(earlier[: MOST - 1]), run]
    parts = [whole(one) for one in runs]
    rates = [rate(one) for one in runs]
    took = [_seconds(one) for one in runs]
    plain: list[tuple[str, Sequence[float | None], list[str]]] = [
        ("Equal when read again", [float(one.cleared) for one in parts], [number(one.cleared) for one in parts]),
        ("Records a second", rates, [_told(value) for value in rates]),
        ("Time taken", took, [one.took for one in parts]),
    ]
    sparks = (
        spark("Records that differ", [_differ(one) for one in parts], newest=number(parts[-1].differing)),
        *(_plain(label, parts, values, told) for label, values, told in plain),
    )
    rows = tuple(TrendRow(part=one, rate=_told(value)) for one, value in zip(parts, rates, strict=True))
    return Trend(sparks=sparks, rows=tuple(reversed(rows)))


def rate(run: StoredRun) -> float | None:
    """Records seen a second over the whole run, waiting included; None where it took no time."""
    seconds = _seconds(run)
    seen = sum(entity.seen for domain in run.domains for entity in domain.entities)
    return seen / seconds if seconds else None


def _seconds(run: StoredRun) -> float | None:
    """How long it took; None where a clock stepped back."""
    took = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0.0
    return took if took > 0 else None


def _differ(part: Part) -> Value:
    """How many records differed, in the colour of the run."""
    return Value(
        number=part.differing, text=f"run {part.id}: {counted(part.differing, 'record')}", family=part.word.family
    )


def _plain(label: str, parts: Sequence[Part], values: Sequence[float | None], told: Sequence[str]) -> Spark:
    """The picture of numbers that are neither good nor bad."""
    shown = [
        Value(number=value, text=f"run {one.id}: {words}", family=Family.PROGRESS)
        for one, value, words in zip(parts, values, told, strict=True)
    ]
    return spark(label, shown, newest=told[-1])


def _told(value: float | None) -> str:
    """A rate as people read it."""
    return NONE if value is None else number(int(value))
