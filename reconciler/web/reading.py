"""Numbers, times and texts as the pages print them, each time both relative and absolute."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cron_descriptor import Options, get_description

from reconciler.core.wording import span

COMMAND_OR_RUN = re.compile(r"`(?P<command>[^`]+)`|\brun (?P<run>\d{1,18})\b|\b(?P<cluster>K-\d{1,18})\b")
SHORT_DIGEST = 24
NONE = "\N{EN DASH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a sentence: plain, a command, or a link."""

    text: str
    command: bool = False
    href: str = ""


def pieces(sentence: str) -> Iterator[Piece]:
    """A sentence cut where it quotes a command in backticks or names a run or cluster."""
    end = 0
    for match in COMMAND_OR_RUN.finditer(sentence):
        if match.start() > end:
            yield Piece(text=sentence[end : match.start()])
        yield _marked(match)
        end = match.end()
    if end < len(sentence):
        yield Piece(text=sentence[end:])


def _marked(match: re.Match[str]) -> Piece:
    """The command, run or cluster found."""
    if match["command"]:
        return Piece(text=match["command"], command=True)
    if match["run"]:
        return Piece(text=match[0], href=f"/runs/{match['run']}")
    return Piece(text=match[0], href=f"/clusters/{match['cluster']}")


def ago(at: datetime, now: datetime) -> str:
    """`5 h 4 min ago`, `in 2 h 56 min`, `just now`."""
    length = now - at
    if abs(length) < timedelta(seconds=5):
        return "just now"
    return f"{span(length)} ago" if length > timedelta(0) else f"in {span(-length)}"


def clock_time(at: datetime, now: datetime) -> str:
    """`02:11 UTC` today, else `24 Nov 02:11 UTC`, with the year where it is another."""
    utc, today = at.astimezone(UTC), now.astimezone(UTC)
    if utc.date() == today.date():
        return f"{utc:%H:%M} UTC"
    year = f" {utc.year}" if utc.year != today.year else ""
    return f"{utc.day} {utc:%b}{year} {utc:%H:%M} UTC"


def iso(at: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def length(start: datetime, end: datetime | None) -> str:
    """How long something took; a dash while it has no end."""
    if end is None:
        return NONE
    took = end - start
    return f"{took.total_seconds():.1f} s" if timedelta(0) <= took < timedelta(seconds=10) else span(took)


def share(part: int, whole: int) -> str:
    """A share in per cent, cut down so that only the whole is 100 %; a dash of nothing."""
    if not whole:
        return NONE
    cut = part * 10000 // whole
    return "< 0.01 %" if part and not cut else f"{cut / 100:.2f} %"


def brief(count: int) -> str:
    """A count where there is no room: `12`, `4k`, `1M`; cut down."""
    for size, unit in ((1_000_000, "M"), (1000, "k")):
        if count >= size:
            return f"{count // size}{unit}"
    return str(count)


def percent(ratio: float) -> str:
    """A ratio in per cent, cut down so that only the whole is 100 %."""
    return f"{int(ratio * 10000) / 100:.2f} %" if 0 <= ratio <= 1 else "no share"


def short(digest: str | None) -> str:
    """A digest cut in the middle, as far as people compare it."""
    if not digest:
        return NONE
    return digest if len(digest) <= SHORT_DIGEST else f"{digest[:14]}…{digest[-4:]}"


def cron_words(cron: str) -> str:
    """`At 01:00`: a five-field expression in words."""
    options = Options()
    options.use_24hour_time_format = True
    return str(get_description(cron, options))
