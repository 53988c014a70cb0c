"""A run under way as its page tells it: the bar, the phase, how fast it reads and how long it may take."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.app.courses import Course, Phase
from reconciler.app.ports import StoredRun
from reconciler.core.wording import counted, number, span

PHASES = ((Phase.STARTING, "start"), (Phase.READING, "read and compare"), (Phase.SETTLING, "read again what differs"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseView:
    """How far a run is; `here` is whether this process runs it and so can call it off."""

    share: float
    percent: int
    lines: tuple[str, ...]
    phases: tuple[tuple[str, str], ...]
    here: bool


def course_view(run: StoredRun, course: Course | None, *, before: StoredRun | None, now: datetime) -> CourseView:
    """What this process hears of its own run; of another's only which domains are stored whole."""
    like = _like(before, now - run.started_at)
    if course is None:
        done, of = sum(domain.finished_at is not None for domain in run.domains), len(run.domains)
        lines = (
            f"{number(done)} of {counted(of, 'domain')} stored.",
            "Another process runs it: no more is heard of it here.",
        )
        return CourseView(
            share=done / of if of else 0.0,
            percent=100 * done // of if of else 0,
            lines=(*lines, *like),
            phases=(),
            here=False,
        )
    return CourseView(
        share=course.share,
        percent=int(course.share * 100),
        lines=(*_lines(course), *like),
        phases=tuple(_phases(course.phase)),
        here=True,
    )


def _lines(course: Course) -> list[str]:
    """Where it is, how fast, how much longer."""
    match course.phase:
        case Phase.STARTING:
            return ["It has begun; nothing is read yet."]
        case Phase.READING:
            name = course.entity if course.entity == course.domain else f"{course.domain}.{course.entity}"
            which = f"{name}, entity {number(course.looked_at + 1)} of {number(course.entities)}"
            of = f" of {number(course.total)}" if course.total else ""
            read = f"{number(course.done)}{of} records of both sides read, {number(int(course.rate))} a second"
            left = [f"{name} takes about {span(course.left)} more."] if course.left else []
            return [f"{which}: {read}.", *left]
        case Phase.SETTLING:
            waiting, since = counted(course.candidates, "difference"), timedelta(seconds=course.for_seconds)
            return [f"Everything is read. {waiting} read again until they settle, for {span(since)} now."]


def _phases(current: Phase) -> list[tuple[str, str]]:
    """Each phase with `done`, `now` or `later`."""
    order = [phase for phase, _ in PHASES]
    at = order.index(current)
    return [
        (name, "done" if place < at else "now" if place == at else "later") for place, (_, name) in enumerate(PHASES)
    ]


def _like(before: StoredRun | None, elapsed: timedelta) -> list[str]:
    """How long the one before it took."""
    if before is None or before.finished_at is None:
        return []
    took = span(before.finished_at - before.started_at)
    return [f"{span(elapsed)} so far; run {before.id}, the last like it, took {took}."]
