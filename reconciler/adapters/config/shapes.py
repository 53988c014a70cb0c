"""The shape of a domain's file, table by table, as pydantic models; what a shape means is built in build.py."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from reconciler.adapters.config.values import (
    Collection,
    Cron,
    Day,
    Duration,
    EmbeddedPath,
    Flag,
    Identifier,
    Name,
    Path,
    Scalar,
    Sentence,
    Table,
    Text,
    Tolerance,
)
from reconciler.core.model import Sensitivity, Side
from reconciler.core.rules import RuleKind
from reconciler.core.spec import FieldKind, GatePolicy, InvariantKind, Method, NumberType

DEFAULT_POLICY = GatePolicy()
MAX_SCALE = 100


class Shape(BaseModel):
    """A TOML table: no key but the ones declared, no value of another type, nothing changes after."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, validate_default=False, hide_input_in_errors=True
    )


class GateShape(Shape):
    """`[gate]` of service.toml, and what a domain overrides of it."""

    soak_window: Duration = DEFAULT_POLICY.soak_window
    min_clean_scans: int = Field(default=DEFAULT_POLICY.min_clean_scans, ge=1)
    clean_scan_gap: Duration = DEFAULT_POLICY.clean_scan_gap
    max_scan_age: Duration = DEFAULT_POLICY.max_scan_age
    min_coverage: float = Field(default=DEFAULT_POLICY.min_coverage, gt=0, le=1)
    approvals: int = Field(default=DEFAULT_POLICY.approvals, ge=0)
    approval_ttl: Duration = DEFAULT_POLICY.approval_ttl
    rehearsal_max_age: Duration = DEFAULT_POLICY.rehearsal_max_age
    four_eyes: bool = DEFAULT_POLICY.four_eyes


class ScheduleShape(Shape):
    """`[schedule]` of service.toml, and what a domain overrides of it."""

    scan: Cron = "0 1 * * *"
    sample: Cron = "*/15 * * * *"


class FieldShape(Shape):
    """One compared field; its path is the key it stands under."""

    kind: Annotated[FieldKind, Field(strict=False)]
    column: Identifier | None = None
    sensitivity: Annotated[Sensitivity, Field(strict=False)] = Sensitivity.SECRET
    scale: int | None = Field(default=None, ge=0, le=MAX_SCALE)
    items: Annotated[FieldKind | None, Field(strict=False)] = None
    refers_to: Name | None = None
    accepts: list[Annotated[NumberType, Field(strict=False)]] | None = Field(default=None, min_length=1)
    table: Identifier | None = None
    parent_column: Identifier | None = None
    position_column: Identifier | None = None
    fields: dict[str, "FieldShape"] | None = None


class OwnerShape(Shape):
    """The parent of an embedded entity, and the column that holds the parent's UUID."""

    entity: Name
    column: Identifier


class ScopeShape(Shape):
    """What of a collection is compared: records whose text at `path` starts with `prefix`."""

    path: Path
    prefix: Annotated[str, Field(min_length=1)]


class EntityShape(Shape):
    """One collection or embedded path, and its table."""

    collection: Collection
    table: Table
    fields: Annotated[dict[str, FieldShape], Field(min_length=1)]
    key: Annotated[list[str] | None, Field(min_length=1)] = None
    embedded: EmbeddedPath | None = None
    owner: OwnerShape | None = None
    scope: ScopeShape | None = None
    ttl: Path | None = None
    append_only: bool = False
    may_be_empty: bool = False
    method: Annotated[Method, Field(strict=False)] = Method.AUTO
    row_id: Identifier = "id"
    legacy_column: Identifier = "legacy_object_id"


class InvariantShape(Shape):
    """Something that must hold inside one store, or across both."""

    name: Name
    entity: Name
    kind: Annotated[InvariantKind, Field(strict=False)]
    fields: list[str] = []
    group: list[str] = []
    where: dict[str, Scalar] = {}
    minimum: int | None = None
    maximum: int | None = None
    sides: Annotated[list[Annotated[Side, Field(strict=False)]], Field(min_length=1)] = [Side.SOURCE, Side.TARGET]


class RuleShape(Shape):
    """A difference that is ignored, or tolerated up to a size."""

    entity: Name
    path: Annotated[str, Field(min_length=1)]
    kind: Annotated[RuleKind, Field(strict=False)]
    owner: Sentence
    reason: Sentence
    tolerance: Tolerance | None = None
    until: Day | None = None


class DomainShape(Shape):
    """A file of `config/domains`."""

    domain: Name
    title: Annotated[Text, Field(min_length=1)]
    flag: Flag | None = None
    flag_aliases: list[Flag] = []
    live_flag: bool = True
    depends_on: list[Name] = []
    flip_group: Name | None = None
    collections: list[Annotated[str, Field(min_length=1)]] = []
    not_comparable: Annotated[Text | None, Field(min_length=1)] = None
    backfill: Annotated[Text | None, Field(min_length=1)] = None
    gate: GateShape = GateShape()
    schedule: ScheduleShape = ScheduleShape()
    entity: dict[str, EntityShape] = {}
    invariant: list[InvariantShape] = []
    rule: list[RuleShape] = []
