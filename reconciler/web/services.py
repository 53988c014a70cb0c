"""What the pages need from the rest of the program, handed over once when the application is made."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from aiohttp import web

from reconciler.app.approvals import Approvals
from reconciler.app.cluster_notes import ClusterNotes
from reconciler.app.configurations import Configurations
from reconciler.app.flags import FlagWatch
from reconciler.app.gate_tokens import Signer
from reconciler.app.launching import Launcher
from reconciler.app.notice_board import NoticeBoard
from reconciler.app.pausing import Pausing
from reconciler.app.ports import Clock, ReportStore
from reconciler.app.reachability import StoreLook
from reconciler.app.rereading import Rereading
from reconciler.app.waivers import Waivers
from reconciler.core.cutover import Phase
from reconciler.core.gate import Gate, GateFacts
from reconciler.core.groups import Group
from reconciler.core.model import Mode
from reconciler.core.spec import System
from reconciler.web.entrance import Entrance
from reconciler.web.origins import LOOPBACK


class Gates(Protocol):
    """The part of `app.verdicts.Verdicts` that pages ask."""

    async def gates(self, domains: Sequence[str] = ()) -> tuple[Gate, ...]:
        """The gates of the domains named, of all where none is named."""

    async def group(self, name: str) -> Group:
        """A flip group's gate; NotFound where there is no such group."""

    async def facts(self, domain: str) -> GateFacts:
        """What one domain's gate is derived from; NotFound where there is no such domain."""

    async def all_facts(self) -> tuple[GateFacts, ...]:
        """What every domain's gate is derived from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """The use cases that change something."""

    approvals: Approvals
    waivers: Waivers
    flags: FlagWatch
    runs: Launcher
    records: Rereading
    clusters: ClusterNotes
    pausing: Pausing
    configurations: Configurations


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledRun:
    """A run as it is scheduled: `cron` as configured (UTC), `next_at` None while it is paused."""

    domain: str
    mode: Mode
    cron: str
    next_at: datetime | None


def never(_cron: str, _since: datetime, _until: datetime) -> Sequence[datetime]:
    """What is due where nothing is scheduled."""
    return ()


class Setting(Protocol):
    """A setting as it is in force, and where it came from."""

    @property
    def key(self) -> str:
        """Its dotted name."""

    @property
    def value(self) -> object:
        """Fit to be shown: a secret is none of it."""

    @property
    def source(self) -> str:
        """default, file, environment or flag."""


class Library(Protocol):
    """A library that this program needs, as it is installed."""

    @property
    def name(self) -> str:
        """As it is known to installers."""

    @property
    def version(self) -> str:
        """The version installed."""

    @property
    def licence(self) -> str:
        """Its licence in a word or two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is known about this process: `sign_in` and `flags_seen` say in words how people and flags are known."""

    version: str
    python: str
    host: str
    started_at: datetime
    sign_in: str
    flags_seen: str
    settings: Sequence[Setting] = ()
    libraries: Sequence[Library] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Insight:
    """What the health page asks for: this process, both stores, and whether the report database is sound.

    `stores` and `soundness` answer what was found last, and nothing before that; the latter with when it was.
    """

    about: About
    stores: Callable[[], Awaitable[Sequence[StoreLook] | None]]
    soundness: Callable[[], Awaitable[tuple[Sequence[str], datetime] | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebServices:
    """Everything behind the pages.

    `plan_sections` holds the written way back by domain and heading, as Markdown. `scheduled` answers what runs next
    and is None where this process starts no runs; `expected` answers what the configuration asks for, whoever starts
    it, and `firings` when an expression is due from one time to another. `alarms` tells, by domain, of flags flipped
    without a go. `sample` is the size of a sample that names none. `entrance` tells who asks, `cutover` is the declared
    order. `hosts` are the names in a Host header that are answered. `announcement` stands above every page; `notices`
    is None where nobody is told of anything. `public` are the paths, as routes spell them, that are open to everyone;
    `link` is the service's address outside.
    """

    system: System
    store: ReportStore
    verdicts: Gates
    acts: Acts
    clock: Clock
    entrance: Entrance
    signer: Signer
    insight: Insight
    title: str
    version: str
    announcement: str = ""
    sample: int = 1000
    plan_sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    scheduled: Callable[[], Sequence[ScheduledRun]] | None = None
    expected: Callable[[], Sequence[ScheduledRun]] = tuple
    firings: Callable[[str, datetime, datetime], Sequence[datetime]] = never
    alarms: Callable[[], Mapping[str, str]] | None = None
    hosts: frozenset[str] = LOOPBACK
    cutover: tuple[Phase, ...] = ()
    notices: NoticeBoard | None = None
    public: frozenset[str] = frozenset()
    link: str = ""


SERVICES = web.AppKey("services", WebServices)
