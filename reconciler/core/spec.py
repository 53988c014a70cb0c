"""What a configuration means: domains, entities, fields, invariants and policy; an invalid one can't be built."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from reconciler.core.model import Sensitivity, Side
from reconciler.core.rules import RuleSpec
from reconciler.errors import InvalidSpec

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
STEP = r"[^.\[\]$\x00][^.\[\]\x00]*(\[\d+\])*"
PATH = re.compile(rf"{STEP}(\.{STEP})*")
MOST_DECIMALS = 100


class FieldKind(StrEnum):
    """The rules of equality a field can have."""

    TEXT = "text"
    CHAR = "char"
    CI = "ci"
    LOWER = "lower"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    BYTES = "bytes"
    JSON = "json"
    ARRAY = "array"
    REFERENCE = "reference"
    CHILDREN = "children"
    IDENTITY = "identity"


class NumberType(StrEnum):
    """BSON types that a `decimal` field may hold; `double` stands for int, Long and double alike."""

    DECIMAL128 = "decimal128"
    DOUBLE = "double"
    STRING = "string"


class Method(StrEnum):
    """How a scan sees an entity's records: summed by the stores, read one by one, or as the entity allows."""

    AUTO = "auto"
    CHECKSUM = "checksum"
    STREAM = "stream"


def _require(holds: object, message: str, *, expected: str = "", got: str = "") -> None:
    """Refuses to build what does not hold."""
    if not holds:
        raise InvalidSpec(message, expected=expected, got=got)


KEYABLE = (FieldKind.IDENTITY, FieldKind.TEXT, FieldKind.INTEGER)
SCALARS = frozenset(FieldKind) - {
    FieldKind.JSON,
    FieldKind.ARRAY,
    FieldKind.REFERENCE,
    FieldKind.CHILDREN,
    FieldKind.IDENTITY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildTable:
    """Where an embedded array lies in the target: a table whose rows carry the parent's id and a position from 0."""

    table: str
    parent_column: str
    position_column: str
    fields: tuple["FieldSpec", ...]

    def __post_init__(self) -> None:
        """Elements have no children of their own."""
        where = f"child table {self.table}"
        _require(self.fields, f"{where} has no fields")
        nested = [item.path for item in self.fields if item.kind in (FieldKind.CHILDREN, FieldKind.IDENTITY)]
        _require(not nested, where, expected="fields without children of their own", got=", ".join(nested))
        paths = [item.path for item in self.fields]
        _require(len(set(paths)) == len(paths), where, expected="each path once", got=", ".join(paths))


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One compared field: a Mongo path, a column, a rule.

    `scale` belongs to decimal (digits after the point), `items` to array (kind of its elements), `refers_to` to
    reference (name of an entity, of any domain), `children` to children, `accepts` to decimal. Sensitivity is secret
    unless declared otherwise.
    """

    path: str
    kind: FieldKind
    column: str = ""
    sensitivity: Sensitivity = Sensitivity.SECRET
    scale: int | None = None
    items: FieldKind | None = None
    refers_to: str = ""
    children: ChildTable | None = None
    accepts: tuple[NumberType, ...] = tuple(NumberType)

    def __post_init__(self) -> None:
        """Each kind has what it needs and nothing else."""
        where = f"field {self.path}"
        path_fits = PATH.fullmatch(self.path)
        _require(path_fits, f"field {self.path!r}", expected="a path like profile.phone or location.coordinates[0]")
        self._belongs(where, "scale", self.scale is not None, self.kind, self.items, wanted=FieldKind.DECIMAL)
        self._belongs(where, "items", self.items is not None, self.kind, wanted=FieldKind.ARRAY)
        self._belongs(where, "refers_to", bool(self.refers_to), self.kind, wanted=FieldKind.REFERENCE)
        self._belongs(where, "children", self.children is not None, self.kind, wanted=FieldKind.CHILDREN)
        _require(bool(self.column) != (self.kind is FieldKind.CHILDREN), where, expected="a column, or a child table")
        in_range = self.scale is None or 0 <= self.scale <= MOST_DECIMALS
        _require(in_range, f"{where}: scale", expected=f"0 to {MOST_DECIMALS}", got=str(self.scale))
        scalar = self.items is None or self.items in SCALARS
        _require(scalar, f"{where}: items", expected="a kind of single values", got=str(self.items))

    def _belongs(self, where: str, name: str, given: object, *kinds: FieldKind | None, wanted: FieldKind) -> None:
        """An attribute is there exactly where its kind is."""
        _require(given == (wanted in kinds), where, expected=f"`{name}` with kind {wanted.value} and only there")


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Where an entity's records lie inside another entity's documents.

    `path` is the array's (`many`) or object's path; `owner` names the parent entity, `column` its UUID in the
    entity's own table.
    """

    path: str
    many: bool
    owner: str
    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A record is in scope when the text at `path` starts with `prefix`, on either side."""

    path: str
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySpec:
    """One collection (or embedded path) and the table it is compared with.

    `fields` holds every compared field, the key's own among them: an implicit `_id` of kind identity where the key is
    `legacy_object_id`, an implicit reference named after the owner where the entity is embedded. `key` names the fields
    that make the key. `ttl` is the path of the field after whose time a record is out of scope. `rules` take
    differences away, on fields outside the key only.
    """

    name: str
    collection: str
    table: str
    fields: tuple[FieldSpec, ...]
    key: tuple[str, ...]
    schema: str = "public"
    row_id: str = "id"
    legacy_column: str = "legacy_object_id"
    embedded: Embedded | None = None
    scope: Scope | None = None
    ttl: str = ""
    append_only: bool = False
    may_be_empty: bool = False
    method: Method = Method.AUTO
    rules: tuple[RuleSpec, ...] = ()

    def __post_init__(self) -> None:
        """Names are names, paths are unique, and key, scope and ttl name fields of the right kinds."""
        where = f"entity {self.name}"
        _require(NAME.fullmatch(self.name), f"entity {self.name!r}", expected="a name in lower_snake_case")
        paths = [item.path for item in self.fields]
        doubled = sorted({path for path in paths if paths.count(path) > 1})
        _require(not doubled, f"{where}: fields", expected="each path once", got=", ".join(doubled))
        _require(self.key, f"{where}: key", expected="at least one field")
        for path in (*self.key, *([self.scope.path] if self.scope else []), *([self.ttl] if self.ttl else [])):
            _require(path in paths, f"{where}", expected=f"a field {path}, which its key, scope or ttl names")
        for path in self.key:
            self._keyable(where, path)
        for rule in self.rules:
            _require(rule.path not in self.unruled, f"{where}: rule on {rule.path}", expected="a field outside the key")
        if self.ttl:
            _require(
                self.field(self.ttl).kind is FieldKind.INSTANT,
                f"{where}: ttl {self.ttl}",
                expected="a field of kind instant",
            )
        if self.scope:
            _require(
                self.field(self.scope.path).kind is FieldKind.TEXT, f"{where}: scope", expected="a field of kind text"
            )

    def _keyable(self, where: str, path: str) -> None:
        """A key's part is one that both stores can sort by; a reference can only be to the owner."""
        kind = self.field(path).kind
        owner = self.embedded.owner if self.embedded else None
        _require("[" not in path, f"{where}: key {path}", expected="a path without an index")
        fits = kind in KEYABLE or (kind is FieldKind.REFERENCE and path == owner)
        _require(fits, f"{where}: key {path}", expected="kind text, integer or the owner", got=kind.value)

    def field(self, path: str) -> FieldSpec:
        """The field at a path; KeyError where there is none."""
        for item in self.fields:
            if item.path == path:
                return item
        raise KeyError(path)

    def index(self, path: str) -> int:
        """Where a field's value stands in a record's values."""
        return [item.path for item in self.fields].index(path)

    @property
    def referred(self) -> tuple[str, ...]:
        """The entities that fields refer to, those of child tables among them; each once, sorted."""
        inner = (item for one in self.fields if one.children for item in one.children.fields)
        return tuple(sorted({item.refers_to for item in (*self.fields, *inner) if item.refers_to}))

    @property
    def unruled(self) -> tuple[str, ...]:
        """The fields that no rule can be about: those of the key, and the owner."""
        return (*self.key, *([self.embedded.owner] if self.embedded else []))

    @property
    def natural_key(self) -> bool:
        """Whether the key is anything but `legacy_object_id`."""
        return self.key != ("_id",) or self.field("_id").kind is not FieldKind.IDENTITY

    @property
    def owner_in_key(self) -> bool:
        """Whether the owner is part of the key."""
        return self.embedded is not None and self.embedded.owner in self.key

    @property
    def ordered_key(self) -> tuple[str, ...]:
        """The key's paths in merge order: the owner last, so that one that hangs on another owner meets its twin."""
        owner = self.embedded.owner if self.embedded else ""
        return (*(path for path in self.key if path != owner), *(path for path in self.key if path == owner))

    @property
    def secret_key(self) -> bool:
        """Whether a part of the key is secret or personal, and so shown as a keyed digest."""
        return any(self.field(path).sensitivity is not Sensitivity.PLAIN for path in self.key)


class InvariantKind(StrEnum):
    """What can be declared to hold inside one store, or across both."""

    UNIQUE = "unique"  # `fields` together occur once (records where one of them is null may repeat)
    AT_MOST_ONE = "at_most_one"  # per `group`, at most one record with `where`
    EXACTLY_ONE = "exactly_one"  # per `group` (or overall without one), exactly one record with `where`
    NO_CYCLES = "no_cycles"  # following `fields[0]`, a self reference, never comes back
    RANGE = "range"  # `fields[0]` lies in [minimum, maximum]
    CONTIGUOUS = (
        "contiguous"  # ordered by `fields[0]`, the next `fields[1]` is this `fields[2]` + 1; only the last is open
    )
    SUM_EQUAL = "sum_equal"  # per `group`, the sum of `fields[0]` is the same in both stores
    BELONGS_TO = "belongs_to"  # the record that `fields[0]` refers to has `fields[1]` pointing back here
    EXISTS = "exists"  # the record that `fields[0]` refers to is in the same store


@dataclass(frozen=True, slots=True, kw_only=True)
class InvariantSpec:
    """Something that must hold. `where` pairs paths with the values they must have; `sides` are the stores to ask."""

    name: str
    entity: str
    kind: InvariantKind
    fields: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    where: tuple[tuple[str, str | int | bool], ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    sides: tuple[Side, ...] = (Side.SOURCE, Side.TARGET)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """What a gate asks for."""

    soak_window: timedelta = timedelta(hours=72)
    min_clean_scans: int = 2
    clean_scan_gap: timedelta = timedelta(hours=24)
    max_scan_age: timedelta = timedelta(hours=26)
    min_coverage: float = 1.0
    approvals: int = 1
    approval_ttl: timedelta = timedelta(hours=24)
    rehearsal_max_age: timedelta = timedelta(days=14)
    four_eyes: bool = False

    def __post_init__(self) -> None:
        """No negative time, count or share."""
        _require(self.min_clean_scans >= 1, "gate.min_clean_scans", expected="1 or more", got=str(self.min_clean_scans))
        _require(
            0 < self.min_coverage <= 1, "gate.min_coverage", expected="above 0 and up to 1", got=str(self.min_coverage)
        )
        _require(self.approvals >= 0, "gate.approvals", expected="0 or more", got=str(self.approvals))
        times = (self.soak_window, self.clean_scan_gap, self.max_scan_age, self.approval_ttl, self.rehearsal_max_age)
        _require(all(time >= timedelta(0) for time in times), "gate", expected="no negative duration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a domain runs by itself: five-field cron expressions in UTC, empty for never."""

    scan: str = ""
    sample: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainSpec:
    """What is flipped together by one flag.

    `not_comparable` holds the reason where there is no PostgreSQL side; then there are no entities. `live_flag` is
    false where tables exist but no flag is read yet: flip and rollback texts are empty then. `backfill` is the command
    that writes named keys again, shown and never run; `{domain}` and `{keys}` (a file) stand in it. `config_digest`
    covers mapping and rules (not policy), as `sha256:…`; it is filled in by whoever read the configuration.
    """

    name: str
    title: str
    entities: tuple[EntitySpec, ...] = ()
    flag: str = ""
    flag_aliases: tuple[str, ...] = ()
    live_flag: bool = True
    flip_group: str = ""
    depends_on: tuple[str, ...] = ()
    not_comparable: str = ""
    collections: tuple[str, ...] = ()
    backfill: str = ""
    policy: GatePolicy = field(default_factory=GatePolicy)
    schedule: Schedule = field(default_factory=Schedule)
    invariants: tuple[InvariantSpec, ...] = ()
    config_digest: str = ""
    policy_digest: str = ""

    def __post_init__(self) -> None:
        """A domain compares something or says why not."""
        _require(NAME.fullmatch(self.name), f"domain {self.name!r}", expected="a name in lower_snake_case")
        _require(
            bool(self.entities) != bool(self.not_comparable),
            f"domain {self.name}",
            expected="entities, or a reason in not_comparable",
        )
        names = [entity.name for entity in self.entities]
        _require(
            len(set(names)) == len(names), f"domain {self.name}", expected="each entity once", got=", ".join(names)
        )

    def entity(self, name: str) -> EntitySpec:
        """The entity of that name; KeyError where there is none."""
        for item in self.entities:
            if item.name == name:
                return item
        raise KeyError(name)

    @property
    def rules(self) -> tuple[tuple[str, RuleSpec], ...]:
        """Every rule with the name of its entity."""
        return tuple((entity.name, rule) for entity in self.entities for rule in entity.rules)

    @property
    def comparable(self) -> bool:
        """Whether there is a PostgreSQL side."""
        return not self.not_comparable

    @property
    def flip(self) -> str:
        """The setting that turns reads to PostgreSQL, empty without a live flag."""
        return f"{self.flag}=postgres" if self.flag and self.live_flag else ""

    @property
    def rollback(self) -> str:
        """The setting that turns reads back."""
        return f"{self.flag}=mongo" if self.flag and self.live_flag else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Everything under reconciliation: all domains, and where the backend notes dual writes that failed."""

    domains: tuple[DomainSpec, ...]
    gaps_table: str = ""

    def __post_init__(self) -> None:
        """References and dependencies lead somewhere, and entity names are unique over all domains."""
        names = [entity.name for domain in self.domains for entity in domain.entities]
        doubled = sorted({name for name in names if names.count(name) > 1})
        _require(not doubled, "entities", expected="each name in one domain only", got=", ".join(doubled))
        for domain in self.domains:
            for other in domain.depends_on:
                _require(
                    any(other == one.name for one in self.domains),
                    f"domain {domain.name}: depends_on",
                    expected="a domain",
                    got=other,
                )
            for entity in domain.entities:
                lost = sorted(set(entity.referred) - set(names))
                _require(
                    not lost,
                    f"entity {entity.name}: refers_to",
                    expected="an entity of any domain",
                    got=", ".join(lost),
                )
                inside = sorted(name for name in entity.referred if self.entity(name).embedded)
                _require(
                    not inside,
                    f"entity {entity.name}: refers_to",
                    expected="an entity with documents of its own",
                    got=f"{', '.join(inside)}, embedded in others",
                )
            for item in domain.invariants:
                self._judgeable(domain, item)

    def _judgeable(self, domain: DomainSpec, item: InvariantSpec) -> None:
        """What points back or goes round is known by an id, which an embedded record has not."""
        by_id = item.kind in (InvariantKind.BELONGS_TO, InvariantKind.NO_CYCLES)
        without = by_id and any(one.name == item.entity and one.embedded for one in domain.entities)
        where = f"invariant {item.name} of {item.entity}"
        _require(not without, where, expected="an entity with documents of its own", got="an embedded one")

    def domain(self, name: str) -> DomainSpec:
        """The domain of that name; KeyError where there is none."""
        for item in self.domains:
            if item.name == name:
                return item
        raise KeyError(name)

    def entity(self, name: str) -> EntitySpec:
        """The entity of that name, in whichever domain; KeyError where there is none."""
        for domain in self.domains:
            for item in domain.entities:
                if item.name == name:
                    return item
        raise KeyError(name)

    @property
    def comparable(self) -> tuple[DomainSpec, ...]:
        """The domains that a bare run takes."""
        return tuple(domain for domain in self.domains if domain.comparable)
