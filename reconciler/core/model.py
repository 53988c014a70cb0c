"""The values that everything speaks of: raw and canonical values, records, keys, outcomes and diffs; all frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from reconciler.core.schema_look import SchemaLook


class Side(StrEnum):
    """The two stores; the roles never swap, not even after a flip."""

    SOURCE = "source"
    TARGET = "target"

    @property
    def other(self) -> "Side":
        """The opposite side."""
        return Side.TARGET if self is Side.SOURCE else Side.SOURCE


class Outcome(StrEnum):
    """What became of a record; every record seen has exactly one."""

    MATCHED = "matched"
    MISSING_IN_TARGET = "missing_in_target"
    EXTRA_IN_TARGET = "extra_in_target"
    FIELD_MISMATCH = "field_mismatch"
    KEY_DEFECT = "key_defect"
    UNREADABLE = "unreadable"
    OUT_OF_SCOPE = "out_of_scope"


class DiffKind(StrEnum):
    """How a field differs."""

    VALUE = "value"
    TYPE = "type"
    MISSING_FIELD = "missing_field"
    EXTRA_FIELD = "extra_field"
    ORDER = "order"
    DANGLING_REFERENCE = "dangling_reference"


class DiffState(StrEnum):
    """Where a diff stands in its life."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    CLEARED = "cleared"
    RESOLVED = "resolved"
    REGRESSED = "regressed"
    WAIVED = "waived"


OPEN_STATES = frozenset({DiffState.UNCONFIRMED, DiffState.CONFIRMED, DiffState.REGRESSED})


class Sensitivity(StrEnum):
    """Who may see a field's values: everyone, nobody without asking (masked), nobody at all."""

    PLAIN = "plain"
    PII = "pii"
    SECRET = "secret"  # noqa: S105 - a class of data, not a password


class Mode(StrEnum):
    """How much of a domain a run looks at."""

    SAMPLE = "sample"
    SCAN = "scan"
    KEYS = "keys"


class Verdict(StrEnum):
    """What a run says of a domain, worst last in `summary.WORST_LAST`."""

    CLEAN = "clean"
    NOTHING_COMPARED = "nothing_compared"
    INCONCLUSIVE = "inconclusive"
    DIFFS = "diffs"


class RunStatus(StrEnum):
    """Where a run stands; only `completed` is evidence."""

    RUNNING = "running"
    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


# -- raw values: what adapters hand over -------------------------------------------------------------------------------


class Missing(StrEnum):
    """A field that a document does not have, as against one that holds null."""

    MISSING = "missing"


MISSING = Missing.MISSING


@dataclass(frozen=True, slots=True)
class ObjectIdValue:
    """A BSON ObjectId: 24 lower-case hex digits."""

    hex: str


@dataclass(frozen=True, slots=True)
class Instant:
    """A point in time: microseconds since 1970-01-01T00:00:00Z, any sign and size."""

    microseconds: int


@dataclass(frozen=True, slots=True)
class InfiniteInstant:
    """PostgreSQL's `infinity` or `-infinity`."""

    text: str


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value of a type that no rule takes: its BSON or PostgreSQL type name, never its content.

    `unreadable` is set where the value itself is broken or ambiguous: invalid UTF-8, a name that occurs twice.
    """

    type_name: str
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class JsonText:
    """A json or jsonb column as its text."""

    text: str


@dataclass(frozen=True, slots=True)
class ResolvedReference:
    """A UUID whose row exists and carries this `legacy_object_id`."""

    legacy_id: str


class DanglingReason(StrEnum):
    """Why a reference leads nowhere."""

    NO_ROW = "the column points to no row"
    NULL_LEGACY_ID = "the row pointed to has no legacy_object_id"
    UNKNOWN_OBJECT_ID = "the ObjectId resolves to nothing"


@dataclass(frozen=True, slots=True)
class DanglingReference:
    """A reference that leads nowhere; `shown` is the UUID or ObjectId as it is stored.

    `elsewhere` names a table that the column does not refer to and that has a row with this UUID.
    """

    reason: DanglingReason
    shown: str
    elsewhere: str = field(default="", compare=False)

    @property
    def told(self) -> str:
        """The reason in words."""
        return f"{self.reason.value}: it is a row of {self.elsewhere}" if self.elsewhere else self.reason.value


@dataclass(frozen=True, slots=True)
class ChildRow:
    """One row of a child table: its position (null or any integer, as stored) and its columns by element path."""

    position: int | None
    values: tuple["Raw", ...]


Raw = object
"""None, MISSING, bool, int, float, Decimal (Decimal128 or numeric), str, bytes, ObjectIdValue, Instant,
InfiniteInstant, JsonText, ResolvedReference, DanglingReference, Opaque, a tuple of ChildRow, and dicts and lists of
these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRecord:
    """One record as an adapter read it: values stand in the order of `EntitySpec.fields`.

    `id` is the record's own id in its store (`_id` or row id, embedded elements with their index) and only serves to
    find it again. `problem` is set where the record could not be decoded: then `values` is empty and `key_text` says
    what is known.
    """

    id: str
    values: tuple[Raw, ...] = ()
    problem: str = ""
    key_text: str = ""


# -- canonical values and records --------------------------------------------------------------------------------------


class Mistyped:
    """A value of a type that the field's rule does not name: equal to nothing, not even to itself elsewhere."""

    __slots__ = ("shown", "type_name")

    def __init__(self, *, type_name: str, shown: str) -> None:
        """`shown` is the value as text, subject to the field's sensitivity like any other."""
        self.type_name = type_name
        self.shown = shown

    def __repr__(self) -> str:
        """Equal for equal content, so that a re-read tells whether a record changed."""
        return f"Mistyped({self.type_name!r}, {self.shown!r})"


Canonical = object
"""A value that `==` compares as the rules of equality ask; see normalize.py for the form each kind of field takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKey:
    """A key that both stores can spell: canonical parts in merge order (owner last), and the text that reports show."""

    parts: tuple[str | int | Decimal, ...]
    text: str = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A normalized record. `key` is None where it is defective (`defect` says why) or strange to its rule (`stray`).

    With a `problem` what could not be read is `values.UNREADABLE`, or there are no values at all. `softened`
    keeps the raw values that a rule changed, by place; it takes no part in equality.
    """

    id: str
    key: RecordKey | None
    key_text: str
    values: tuple[Canonical, ...]
    defect: str = ""
    stray: bool = False
    problem: str = ""
    problem_path: str = ""
    softened: tuple[tuple[int, Raw], ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDiff:
    """One difference inside a pair, with canonical values still in the clear: it never leaves memory in this form."""

    path: str
    kind: DiffKind
    source: Canonical
    target: Canonical
    sensitivity: Sensitivity
    field_path: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDiff:
    """What is wrong with one record. `locator` finds it again across runs; `key_text` is how reports spell its key."""

    locator: str
    key_text: str
    outcome: Outcome
    fields: tuple[FieldDiff, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterKey:
    """What gathers diffs: same key, same cause. `path` has its indexes wiped; `cause` is a likely cause or empty."""

    domain: str
    entity: str
    path: str | None
    kind: str
    types: str
    cause: str

    @property
    def title(self) -> str:
        """`postalCode: leading zero lost`; without a path the outcome in words."""
        what = self.cause or f"{self.kind.replace('_', ' ')}{f' ({self.types})' if self.types else ''}"
        return f"{self.path}: {what}" if self.path else what


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedField:
    """A field diff fit to be stored and shown: masked or emptied as the field's sensitivity asks; JSON values only."""

    path: str
    kind: DiffKind
    source: object
    target: object
    redacted: Sensitivity | None
    cluster: ClusterKey
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedDiff:
    """A record's diff fit to be stored and shown. `cluster` is set where the diff has no fields of its own."""

    locator: str
    key: str
    outcome: Outcome
    state: DiffState
    fields: tuple[ReportedField, ...]
    cluster: ClusterKey | None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvariantResult:
    """How an invariant came out: a side, how often it is violated, and some of the keys that violate it."""

    name: str
    side: str
    violations: int
    sample_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleDraw:
    """What a sample drew of an entity: how many keys, how many of them evenly, and how many keys both sides hold.

    A key that both sides hold counts once. `even` keys are a draw in which each of the population had the same chance.
    """

    size: int
    even: int
    population: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySummary:
    """The counts of one entity in one run; `outcomes` has every Outcome and adds up to `seen`.

    `softened` counts, by path, the matched records whose raw values differ and were made equal by the field's rule.
    `sample` is what a sample drew, None in the other modes.
    `ignored` and `tolerated` count, by the path of a declared rule, the records of which it took a difference away.
    `schema` is what the run saw of both schemas, None where nothing looked.
    """

    entity: str
    source_records: int
    target_records: int
    seen: int
    compared: int
    outcomes: Mapping[Outcome, int]
    cleared: int
    unconfirmed: int
    coverage: float
    method: str
    complete: bool
    may_be_empty: bool = False
    invariants: tuple[InvariantResult, ...] = ()
    softened: Mapping[str, int] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)
    tolerated: Mapping[str, int] = field(default_factory=dict)
    schema: SchemaLook | None = None
    notes: tuple[str, ...] = ()
    sample: SampleDraw | None = None
