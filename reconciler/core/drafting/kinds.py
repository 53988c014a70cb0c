"""Which kind a field has: the kinds that a column's type allows, told apart by what records hold on both sides."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from reconciler.core.drafting.facts import TEXTS, UUID, WHOLE, ColumnFacts, Resolved
from reconciler.core.model import (
    MISSING,
    Canonical,
    DanglingReason,
    DanglingReference,
    Mistyped,
    Raw,
    ResolvedReference,
)
from reconciler.core.normalize import source_rule, target_rule
from reconciler.core.spec import MOST_DECIMALS, FieldKind, FieldSpec
from reconciler.core.values import UnreadableValue

SINGLE: Mapping[str, FieldKind] = {
    "float8": FieldKind.DOUBLE, "bool": FieldKind.BOOLEAN, "timestamptz": FieldKind.INSTANT,
    "timestamp": FieldKind.INSTANT, "bytea": FieldKind.BYTES, "json": FieldKind.JSON, "jsonb": FieldKind.JSON,
    UUID: FieldKind.REFERENCE,
}  # fmt: skip
NUMERIC = "numeric"
GAIN = 0.1
NOTHING = Mistyped(type_name="unreadable", shown="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind with what it needs."""

    kind: FieldKind
    scale: int | None = None
    items: FieldKind | None = None

    def spec(self) -> FieldSpec:
        """A field of this kind, for its rules."""
        refers_to = "entity" if self.kind is FieldKind.REFERENCE else ""
        return FieldSpec(path="p", column="c", kind=self.kind, scale=self.scale, items=self.items, refers_to=refers_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How a kind does on records: `compared` hold something on a side, `agreed` are equal, in `distinct` ways."""

    kind: Kind
    compared: int = 0
    agreed: int = 0
    distinct: int = 0

    @property
    def share(self) -> float:
        """The share that agrees, 0 where nothing could be compared."""
        return self.agreed / self.compared if self.compared else 0.0


def kinds_for(column: ColumnFacts, values: Sequence[Raw], types: Mapping[str, int]) -> tuple[Kind, ...]:
    """The kinds that a column's type allows, the strictest first; none where no rule takes the type.

    `values` are the column's, for the digits of a numeric without a scale; `types` are the BSON types of the path.
    """
    if column.is_array:
        single = replaced(column)
        items = next((one.kind for one in kinds_for(single, (), {}) if one.kind in ITEMS), None)
        return (Kind(kind=FieldKind.ARRAY, items=items),) if items else ()
    if column.is_enum:
        return (Kind(kind=FieldKind.TEXT),)
    if column.base in TEXTS:
        return _texts(column)
    if column.base in WHOLE or column.base == NUMERIC:
        return _numbers(column, values, types)
    kind = SINGLE.get(column.base)
    return (Kind(kind=kind),) if kind else ()


ITEMS = frozenset({
    FieldKind.TEXT, FieldKind.INTEGER, FieldKind.DOUBLE, FieldKind.BOOLEAN, FieldKind.INSTANT, FieldKind.BYTES,
})  # fmt: skip


def replaced(column: ColumnFacts) -> ColumnFacts:
    """The column that an array's element would be."""
    return ColumnFacts(name=column.name, base=column.base, is_enum=column.is_enum, scale=column.scale)


def _texts(column: ColumnFacts) -> tuple[Kind, ...]:
    """The rules of text; what is padded has its own."""
    first = FieldKind.CHAR if column.base == "bpchar" else FieldKind.TEXT
    return (Kind(kind=first), Kind(kind=FieldKind.LOWER), Kind(kind=FieldKind.CI))


def _numbers(column: ColumnFacts, values: Sequence[Raw], types: Mapping[str, int]) -> tuple[Kind, ...]:
    """The rules of numbers: documents with Decimal128 or texts need `decimal`, whatever the scale."""
    if column.base == NUMERIC and column.scale != 0:
        scale = max(map(_digits, values), default=0) if column.scale is None else max(column.scale, 0)
        return (Kind(kind=FieldKind.DECIMAL, scale=min(scale, MOST_DECIMALS)),)
    whole, decimal = Kind(kind=FieldKind.INTEGER), Kind(kind=FieldKind.DECIMAL, scale=0)
    return (decimal,) if {"decimal", "string"} & set(types) else (whole,)


def _digits(value: Raw) -> int:
    """How many digits a number has behind the point."""
    exponent = value.as_tuple().exponent if isinstance(value, Decimal) else 0
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def best(kinds: Sequence[Kind], pairs: "Canonicals", path: str, column: str) -> tuple[Agreement, str]:
    """The strictest kind that no laxer one clearly beats, with a doubt where a laxer one does better at all."""
    chosen, *others = [pairs.agreement(kind, path, column) for kind in kinds]
    doubt = ""
    for other in others:
        gain = other.agreed - chosen.agreed
        if gain > max(1.0, GAIN * other.compared):
            chosen, doubt = other, ""
        elif gain and gain == other.compared:
            chosen, doubt = other, f"only {gain} sampled records speak for kind {other.kind.kind.value}"
        elif gain > 0 and not doubt:
            doubt = f"kind {other.kind.kind.value} would make {gain} more of {other.compared} records equal"
    return chosen, doubt


class Canonicals:
    """Canonical values of matched records by path, column and kind, each made once."""

    def __init__(
        self,
        *,
        source: Callable[[str], Sequence[Raw]],
        target: Callable[[str], Sequence[Raw]],
        resolved: Resolved,
    ) -> None:
        """`source` and `target` give the raw values of a path and a column, in the same order of records."""
        self._source, self._target, self._resolved = source, target, resolved
        self._made: dict[tuple[str, str, Kind], list[Canonical]] = {}

    def agreement(self, kind: Kind, path: str, column: str) -> Agreement:
        """How the kind does on a path and a column."""
        both = zip(self._of("source", path, kind), self._of("target", column, kind), strict=True)
        told = [(left, right) for left, right in both if left is not None or right is not None]
        agreed = [repr(left) for left, right in told if left == right]
        return Agreement(kind=kind, compared=len(told), agreed=len(agreed), distinct=len(set(agreed)))

    def _of(self, side: str, name: str, kind: Kind) -> list[Canonical]:
        """All values of one side, canonical; what can't be read equals nothing."""
        place = (side, name, kind)
        if place not in self._made:
            raw = self._source(name) if side == "source" else self._referring(kind, self._target(name))
            rule = source_rule(kind.spec()) if side == "source" else target_rule(kind.spec())
            self._made[place] = [_canonical(rule, value) for value in raw]
        return self._made[place]

    def _referring(self, kind: Kind, values: Sequence[Raw]) -> Sequence[Raw]:
        """A column's values, what they refer to in place of UUIDs."""
        if kind.kind is not FieldKind.REFERENCE:
            return values
        return [value if value is None else self._led(str(value)) for value in values]

    def _led(self, uuid: str) -> Raw:
        """What a UUID leads to."""
        found = self._resolved.rows.get(uuid)
        if found is None or found.legacy_id is None:
            return DanglingReference(DanglingReason.NO_ROW, uuid)
        return ResolvedReference(found.legacy_id)


def _canonical(rule: Callable[[Raw], Canonical], value: Raw) -> Canonical:
    """A value by a rule."""
    try:
        return rule(value)
    except UnreadableValue:
        return NOTHING if value is not MISSING else None


def led_to(values: Sequence[Raw], resolved: Resolved) -> str:
    """The label of the table that most of these UUIDs lead to, empty where they lead nowhere."""
    found = Counter(resolved.rows[str(value)].table for value in values if str(value) in resolved.rows)
    return found.most_common(1)[0][0] if found else ""
