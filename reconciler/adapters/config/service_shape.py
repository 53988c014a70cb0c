"""The shape of service.toml, section by section, with the defaults that hold where the file is silent."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from reconciler.adapters.config.shapes import GateShape, ScheduleShape, Shape
from reconciler.adapters.config.values import Duration, HeaderName, Network, PositiveDuration, Table, Text, WebAddress
from reconciler.core.spec import Method

LOOPBACK = ("127.0.0.1", "::1", "localhost")
LAST_PORT = 65_535
LARGEST_BATCH = 100_000


class StoresShape(Shape):
    """What may be connected to, and with which accounts."""

    allowed_hosts: list[Annotated[str, Field(min_length=1)]] = Field(default_factory=lambda: list(LOOPBACK))
    allow_writable_credentials: bool = False


class BackendShape(Shape):
    """The backend's own health page; nothing is watched while the address is empty."""

    health_url: WebAddress = ""
    poll: PositiveDuration = timedelta(seconds=30)


class RunsShape(Shape):
    """How a run reads and re-reads; `sample` counts records of each entity, `batch` records at a time.

    A table of `large_table` records or more is scanned where its key has an index.
    """

    reread_first: PositiveDuration = timedelta(milliseconds=250)
    reread_cap: PositiveDuration = timedelta(seconds=8)
    confirm_after: Duration = timedelta(seconds=60)
    give_up_after: PositiveDuration = timedelta(seconds=180)
    sample: int = Field(default=1000, ge=1)
    batch: int = Field(default=1000, ge=1, le=LARGEST_BATCH)
    statement_timeout: PositiveDuration = timedelta(seconds=60)
    snapshot_max: PositiveDuration = timedelta(seconds=60)
    method: Annotated[Method, Field(strict=False)] = Method.AUTO
    large_table: int = Field(default=50_000, ge=0)
    allow_unindexed: bool = False


class GapsShape(Shape):
    """Where the backend notes dual writes that failed; empty where it does not."""

    table: Table | None = None


class ServerShape(Shape):
    """Where the dashboard listens, and the names beside this machine's own that it answers under."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=LAST_PORT)
    hosts: list[Annotated[str, Field(min_length=1)]] = Field(default_factory=list)


Groups = list[Annotated[str, Field(min_length=1)]]


class AccessMode(StrEnum):
    """How people and machines say who they are; a token is taken in every mode."""

    LOOPBACK = "loopback"
    TOKEN = "token"  # noqa: S105 - a word, not a token
    PROXY = "proxy"
    OIDC = "oidc"


class AccessShape(Shape):
    """Who is let in, whose statements of who asks count, and which groups in them have which role."""

    mode: Annotated[AccessMode, Field(strict=False)] = AccessMode.LOOPBACK
    trusted_proxies: list[Network] = Field(default_factory=list)
    proxy_header: HeaderName = "X-Reconciler-Assertion"
    issuer: str = ""
    audience: str = ""
    client_id: str = ""
    public_url: WebAddress = ""
    name_claim: Annotated[str, Field(min_length=1)] = "email"
    groups_claim: Annotated[str, Field(min_length=1)] = "groups"
    viewers: Groups = Field(default_factory=list)
    investigators: Groups = Field(default_factory=list)
    operators: Groups = Field(default_factory=list)
    approvers: Groups = Field(default_factory=list)
    admins: Groups = Field(default_factory=list)


class PublicPart(StrEnum):
    """What can be opened to everyone: it tells names of domains and verdicts, and nothing of records."""

    BADGES = "badges"
    FEED = "feed"


class DashboardShape(Shape):
    """How the dashboard calls itself, what stands above every page (empty for nothing), what of it everyone may see."""

    title: Annotated[Text, Field(min_length=1)] = "Reconciler"
    announcement: Annotated[Text, Field(max_length=300)] = ""
    public: list[Annotated[PublicPart, Field(strict=False)]] = Field(default_factory=list)


class ServiceShape(Shape):
    """service.toml as a whole, and what environment and flags say of it."""

    stores: StoresShape = StoresShape()
    backend: BackendShape = BackendShape()
    gate: GateShape = GateShape()
    runs: RunsShape = RunsShape()
    schedule: ScheduleShape = ScheduleShape()
    gaps: GapsShape = GapsShape()
    server: ServerShape = ServerShape()
    access: AccessShape = AccessShape()
    dashboard: DashboardShape = DashboardShape()
