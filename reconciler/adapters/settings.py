"""Settings of the service in one frozen value, and where each of them came from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from reconciler.adapters.config.dsn import MONGODB_URI, PG_URL, read_dsn
from reconciler.adapters.config.layers import (
    FOLDERS,
    OIDC_SECRET,
    PROXY_KEY,
    TOKEN,
    Layer,
    Source,
    merged,
    sections,
    source_of,
)
from reconciler.adapters.config.mistakes import mistake
from reconciler.adapters.config.secret_values import read_secret
from reconciler.adapters.config.service_shape import (
    AccessShape,
    BackendShape,
    DashboardShape,
    GapsShape,
    RunsShape,
    ServerShape,
    ServiceShape,
    StoresShape,
)
from reconciler.adapters.config.shapes import GateShape, ScheduleShape
from reconciler.core.spec import GatePolicy, Schedule
from reconciler.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that is set for the service as a whole; `gate` and `schedule` are what domains start from."""

    config: Path
    reports: Path
    mongodb_uri: SecretStr | None
    pg_url: SecretStr | None
    token: SecretStr | None
    proxy_key: SecretStr | None
    oidc_secret: SecretStr | None
    stores: StoresShape
    backend: BackendShape
    gate: GatePolicy
    runs: RunsShape
    schedule: Schedule
    gaps: GapsShape
    server: ServerShape
    access: AccessShape
    dashboard: DashboardShape

    def store_addresses(self) -> tuple[SecretStr, SecretStr]:
        """Source and target; ConfigurationError names each that is not set."""
        if self.mongodb_uri is None or self.pg_url is None:
            given = ((MONGODB_URI, self.mongodb_uri), (PG_URL, self.pg_url))
            raise ConfigurationError(tuple(_unset(name) for name, address in given if address is None))
        return self.mongodb_uri, self.pg_url


def folder_named(name: str, environ: Mapping[str, str]) -> Path:
    """The folder under `RECONCILER_CONFIG` or `RECONCILER_REPORTS`, else its default below the working directory."""
    return Path(environ.get(name) or FOLDERS[name])


def read_settings(
    *, config: Path, reports: Path, environ: Mapping[str, str], layers: Sequence[Layer], problems: list[str]
) -> Settings:
    """The settings in force; mistakes that show only when they are put together go to `problems`."""
    service = merged_service(layers)
    problems += _contradictions(service.runs)
    return Settings(
        config=config,
        reports=reports,
        mongodb_uri=read_dsn(MONGODB_URI, environ, problems),
        pg_url=read_dsn(PG_URL, environ, problems),
        token=read_secret(TOKEN, environ, problems),
        proxy_key=read_secret(PROXY_KEY, environ, problems),
        oidc_secret=read_secret(OIDC_SECRET, environ, problems),
        stores=service.stores,
        backend=service.backend,
        gate=policy(service.gate),
        runs=service.runs,
        schedule=schedule(service.schedule),
        gaps=service.gaps,
        server=service.server,
        access=service.access,
        dashboard=service.dashboard,
    )


def merged_service(layers: Sequence[Layer]) -> ServiceShape:
    """All sections, later layers over earlier ones."""
    whole = {name: merged(shape(), *(layer.section(name) for layer in layers)) for name, shape in sections().items()}
    return ServiceShape().model_copy(update=whole)


def sources(layers: Sequence[Layer]) -> dict[str, Source]:
    """Where each key of service.toml came from, by dotted key."""
    return {
        f"{name}.{key}": source_of(key, [(layer.source, layer.section(name)) for layer in layers])
        for name, shape in sections().items()
        for key in shape.model_fields
    }


def policy(shape: GateShape) -> GatePolicy:
    """The policy that a whole `[gate]` means."""
    return GatePolicy(
        soak_window=shape.soak_window,
        min_clean_scans=shape.min_clean_scans,
        clean_scan_gap=shape.clean_scan_gap,
        max_scan_age=shape.max_scan_age,
        min_coverage=shape.min_coverage,
        approvals=shape.approvals,
        approval_ttl=shape.approval_ttl,
        rehearsal_max_age=shape.rehearsal_max_age,
        four_eyes=shape.four_eyes,
    )


def schedule(shape: ScheduleShape) -> Schedule:
    """The schedule that a whole `[schedule]` means."""
    return Schedule(scan=shape.scan, sample=shape.sample)


def _contradictions(runs: RunsShape) -> Iterator[str]:
    """Re-reading has to be able to come to an end."""
    pairs = (("reread_first", "reread_cap"), ("confirm_after", "give_up_after"))
    for shorter, longer in pairs:
        if getattr(runs, shorter) > getattr(runs, longer):
            got = "less"
            yield mistake("settings", f"runs.{longer}", expected=f"at least runs.{shorter}", got=got)


def _unset(name: str) -> str:
    """What to say of a store that is not named."""
    return mistake(
        "environment", name, expected=f"the store's address (or {name}_FILE with a file that holds it)", got="nothing"
    )
