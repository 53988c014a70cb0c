"""The health page: both stores, the report database, the service itself, flags, and every setting with its source."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from reconciler.app.housekeeping import Upkeep
from reconciler.app.ports import StoreHealth
from reconciler.app.reachability import StoreLook
from reconciler.core.gate import Gate
from reconciler.core.model import Side
from reconciler.core.spec import System
from reconciler.core.wording import counted
from reconciler.web.events import MOST_LISTENERS
from reconciler.web.services import About
from reconciler.web.words import SOURCE_NAME, TARGET_NAME, Family

MOST_SKEW: Final = timedelta(seconds=5)
MEBIBYTE: Final = 1024 * 1024
KIBIBYTE: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that is known: a label and a text; the family is that of a worry, or of something good."""

    label: str
    text: str
    family: Family | None = None
    at: datetime | None = None
    code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePart:
    """One store: a headline, what is known, and what to do where it did not answer."""

    name: str
    headline: str
    family: Family
    lines: tuple[Line, ...]
    problem: str
    next_step: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRow:
    """One flag: the domains' name for it, what it was seen to say, and how that is known."""

    domain: str
    flag: str
    seen: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPage:
    """The page; `worst` is its favicon."""

    stores: tuple[StorePart, ...]
    database: tuple[Line, ...]
    service: tuple[Line, ...]
    flags: tuple[FlagRow, ...]
    about: About
    worst: Family


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the page is made of. `checked` is the last check of the database, its problems and when; None before it."""

    looks: Sequence[StoreLook]
    upkeep: Upkeep
    checked: tuple[Sequence[str], datetime] | None
    gates: Sequence[Gate]
    system: System
    about: About
    starts_runs: bool
    listeners: int


def health_page(known: Known) -> HealthPage:
    """The page as of now."""
    stores = tuple(_store(side, known.looks) for side in Side)
    database, service = tuple(_database(known)), tuple(_service(known))
    families = [*(store.family for store in stores), *(line.family for line in (*database, *service))]
    worst = next((one for one in (Family.DIFFS, Family.INCONCLUSIVE) if one in families), Family.OK)
    return HealthPage(
        stores=stores,
        database=database,
        service=service,
        flags=tuple(_flags(known)),
        about=known.about,
        worst=worst,
    )


def _store(side: Side, looks: Sequence[StoreLook]) -> StorePart:
    """What is known of a store."""
    name = SOURCE_NAME if side is Side.SOURCE else TARGET_NAME
    look = next((one for one in looks if one.side is side), None)
    if look is None:
        return StorePart(
            name=name, headline="is being asked", family=Family.NODATA, lines=(), problem="", next_step="", at=None
        )
    if look.health is None:
        return StorePart(
            name=name, headline="can't be used", family=Family.INCONCLUSIVE, lines=(), problem=look.problem,
            next_step=look.next_step or "`reconciler doctor`", at=look.at,
        )  # fmt: skip
    lines = tuple(_answered(look.health, look.seconds))
    worried = any(line.family is Family.INCONCLUSIVE for line in lines)
    return StorePart(
        name=name,
        headline="answers, with something to mend" if worried else "answers",
        family=Family.INCONCLUSIVE if worried else Family.OK,
        lines=lines,
        problem="",
        next_step="`reconciler doctor`" if worried else "",
        at=look.at,
    )


def _answered(health: StoreHealth, seconds: Sequence[float]) -> Iterator[Line]:
    """The lines of a store that answered."""
    yield Line(label="Version", text=health.version)
    yield Line(label="Role", text=health.role)
    yield Line(label="Identity", text=health.identity, code=True)
    if health.writable:
        what = ", ".join(health.writable[:4])
        yield Line(label="Credentials can write", text=f"yes: {what}", family=Family.INCONCLUSIVE)
    else:
        yield Line(label="Credentials can write", text="no (good)", family=Family.OK)
    yield Line(label="Read through", text=health.reads or "not told")
    skew = timedelta(seconds=health.clock_skew_seconds)
    family = Family.INCONCLUSIVE if abs(skew) > MOST_SKEW else None
    yield Line(label="Clock", text=f"{health.clock_skew_seconds * 1000:+,.0f} ms against this machine", family=family)
    yield Line(label="Answered in", text=_took(seconds))
    yield Line(label="Connections", text="opened for each run and look, none kept")
    for problem in health.problems:
        yield Line(label="To mend", text=problem, family=Family.INCONCLUSIVE)


def _took(seconds: Sequence[float]) -> str:
    """How long the looks took."""
    newest, half, most = (f"{one * 1000:,.0f} ms" for one in (seconds[-1], median(seconds), max(seconds)))
    return newest if len(seconds) == 1 else f"{newest}; of {len(seconds)} looks half within {half}, all within {most}"


def _database(known: Known) -> Iterator[Line]:
    """The report database."""
    upkeep = known.upkeep
    backup = "" if upkeep.backed_up_at else "none was made with `reconciler db backup`"
    pruning = "" if upkeep.pruned_at else "never: everything is kept until `reconciler db prune`"
    yield Line(label="File", text=upkeep.path, code=True)
    yield Line(label="Size", text=size(upkeep.bytes))
    yield Line(label="Write-ahead log", text=size(upkeep.log_bytes))
    yield Line(label="Schema", text=f"version {upkeep.schema}")
    yield _soundness(known.checked)
    yield Line(label="Last backup", text=backup, at=upkeep.backed_up_at)
    yield Line(label="Last pruning", text=pruning, at=upkeep.pruned_at)


def _soundness(checked: tuple[Sequence[str], datetime] | None) -> Line:
    """What the last check found."""
    if checked is None:
        return Line(label="Integrity", text="is being checked", family=Family.NODATA)
    problems, at = checked
    if problems:
        told = f"{counted(len(problems), 'problem')}: {problems[0]}"
        return Line(label="Integrity", text=told, family=Family.DIFFS, at=at)
    return Line(label="Integrity", text="sound", family=Family.OK, at=at)


def _service(known: Known) -> Iterator[Line]:
    """The service itself."""
    about, table = known.about, known.system.gaps_table
    scheduler = "starts runs, one after the other" if known.starts_runs else "off: something else starts the runs"
    yield Line(label="Version", text=about.version)
    yield Line(label="Python", text=about.python)
    yield Line(label="Host", text=about.host)
    yield Line(label="Started", text="", at=about.started_at)
    yield Line(label="Scheduler", text=scheduler)
    yield Line(label="Sign-in", text=about.sign_in)
    yield Line(label="Pages listening", text=f"{known.listeners} of at most {MOST_LISTENERS}")
    yield Line(label="Domains", text=f"{len(known.system.comparable)} of {len(known.system.domains)} comparable")
    yield Line(label="Dual-write gaps", text=table or "no table is configured", code=bool(table))


def _flags(known: Known) -> Iterator[FlagRow]:
    """Every flag as it is seen."""
    checks = ((gate.domain, check) for gate in known.gates for check in gate.checks)
    seen = {domain: check.measured for domain, check in checks if check.name == "flag_observed"}
    how = known.about.flags_seen
    for domain in known.system.domains:
        if domain.flip:
            told = seen.get(domain.name, "not judged")
            yield FlagRow(domain=domain.name, flag=domain.flag, seen=told, how=how)


def tab_title(page: HealthPage) -> str:
    """`(2 answer) Health`."""
    return f"({sum(store.family is Family.OK for store in page.stores)} of {len(page.stores)} stores well) Health"


def size(count: int) -> str:
    """`12 KiB`, `3.4 MiB`; cut down, never rounded up."""
    if count < MEBIBYTE:
        return f"{count // KIBIBYTE:,} KiB"
    return f"{count * 10 // MEBIBYTE / 10:,.1f} MiB"
