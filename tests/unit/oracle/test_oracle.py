"""The core and an oracle that shares no code with it agree on every pair of values and on every set of records."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.model import (
    MISSING,
    ChildRow,
    DanglingReason,
    DanglingReference,
    DiffKind,
    InfiniteInstant,
    Instant,
    ObjectIdValue,
    Raw,
    RawRecord,
    Record,
    ResolvedReference,
    Side,
)
from reconciler.core.outcomes import Judge
from reconciler.core.pairing import Pair, Pairing
from reconciler.core.records import Normalizer
from reconciler.core.spec import FieldKind, FieldSpec
from tests.unit.core_world import ID, digest, documents, doubles, entity, field, json_text, longs, record, texts
from tests.unit.oracle.nested import array_verdict, children_verdict, json_verdict
from tests.unit.oracle.oracle import ABSENT, UNREADABLE, verdict

OTHER_ID = ID[::-1]
MANY = settings(max_examples=settings().max_examples * 3 // 2)
awkward = st.sampled_from(
    ["", " ", "a", "A ", "a ", "ß", "İ", "Σ", "ς", "7", "1e3", " 2.5 ", "nan", "-inf", "1/2", "1_0", "٣", "x\ty"]
)
words = st.one_of(texts, awkward)
amounts = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1000, max_value=1000),
    st.sampled_from(
        [Decimal(one) for one in ("NaN", "Infinity", "-Infinity", "-0", "1E+5", "10.005", "-10.005", "0.005")]
    ),
)
numbers = st.one_of(longs, st.integers(-5, 5), doubles, st.sampled_from([float("nan"), float("inf"), -0.0, 2.5, 1e21]))
moments = st.integers(-(10**15), 10**15)
absent = st.sampled_from([None, ABSENT])
strangers = st.one_of(
    words, numbers, amounts, st.booleans(), st.binary(max_size=3), st.just(("oid", ID)), st.just(("date", 0))
)

SOURCES: dict[str, st.SearchStrategy[Any]] = {
    "text": words, "char": words, "ci": words, "lower": words, "integer": numbers, "double": numbers,
    "boolean": st.booleans(),
    "decimal": st.one_of(amounts, numbers, words), "bytes": st.binary(max_size=3),
    "instant": moments.map(lambda at: ("date", at // 1000)),
    "reference": st.sampled_from([("oid", ID), ("oid", OTHER_ID)]),
}  # fmt: skip
TARGETS: dict[str, st.SearchStrategy[Any]] = {
    "text": words, "char": words, "ci": words, "lower": words, "boolean": st.booleans(), "bytes": st.binary(max_size=3),
    "integer": st.one_of(longs, st.integers(-5, 5)),
    "double": st.one_of(doubles, st.sampled_from([float("nan"), float("inf")])),
    "decimal": amounts, "instant": st.one_of(moments.map(lambda at: ("time", at)), st.just(("infinite", "infinity"))),
    "reference": st.sampled_from([("ref", ID), ("ref", OTHER_ID), ("lost",)]),
}  # fmt: skip


def echo(kind: str, source: Any) -> Any:  # noqa: ANN401 - any value
    """What a careful backfill might write for a value: mostly equal, so that agreement is tried as well."""
    match kind, source:
        case "lower", str():
            return source.lower()
        case "char", str():
            return f"{source}  "
        case "instant", ("date", at):
            return ("time", at * 1000 + 999)
        case "reference", ("oid", name):
            return ("ref", name)
        case "decimal", int():
            return Decimal(source)
        case "decimal", float():
            return Decimal(repr(source))
        case "decimal", str():
            return Decimal(0)
        case "double", int():
            return float(source)
        case "integer", float():
            return int(source) if source == source and abs(source) < 1e18 else 0  # noqa: PLR0124 - NaN
        case _:
            return source


@st.composite
def pairs(draw: st.DrawFn, kind: str) -> tuple[Any, Any]:
    """A source and a target value of a field: of its types or strange, related or not, or null."""
    source = draw(st.one_of(SOURCES[kind], SOURCES[kind], absent, strangers))
    target = draw(st.one_of(TARGETS[kind], st.none()))
    own = draw(SOURCES[kind])
    found: tuple[Any, Any] = draw(st.sampled_from([(source, target), (own, echo(kind, own)), (own, target)]))
    return found


def raw(value: Any) -> Raw:  # noqa: ANN401 - a line a tag
    """An oracle's value as an adapter hands it over."""
    match value:
        case ("absent",):
            return MISSING
        case ("oid", name):
            return ObjectIdValue(name)
        case ("date", at):
            return Instant(at * 1000)
        case ("time", at):
            return Instant(at)
        case ("infinite", name):
            return InfiniteInstant(name)
        case ("ref", name):
            return ResolvedReference(name)
        case ("lost",):
            return DanglingReference(DanglingReason.NO_ROW, "uuid")
        case _:
            return value


def said(spec: FieldSpec, source: Raw, target: Raw) -> str:
    """What the core says: the kind of the whole field's difference, or `inside`."""
    whole = entity(spec)
    left, right = record(whole, Side.SOURCE, ObjectIdValue(ID), source), record(whole, Side.TARGET, ID, target)
    judged = Judge(whole, now_ms=0).outcome(Pair(left, right))
    if judged.outcome == UNREADABLE:
        return UNREADABLE
    if judged.diff is None:
        return "equal"
    (first, *more) = judged.diff.fields
    return str(first.kind) if first.path == "it" and not more else "inside"


@pytest.mark.parametrize("kind", sorted(SOURCES))
@MANY
@given(data=st.data())
def test_single_values(kind: str, data: st.DataObject) -> None:
    source, target = data.draw(pairs(kind))
    assert said(field(FieldKind(kind)), raw(source), raw(target)) == verdict(kind, source, target, scale=2)


@MANY
@given(documents, documents, st.booleans())
def test_json(source: Raw, other: Raw, same: bool) -> None:  # noqa: FBT001 - hypothesis draws it
    target = json_text(source if same else other)
    assert said(field(FieldKind.JSON), source, target) == json_verdict(source, ("json", target.text))


@MANY
@given(st.lists(st.sampled_from([0, 1, "1", True, None]), max_size=4), st.data())
def test_short_lists_in_json(source: list[Raw], data: st.DataObject) -> None:
    target = json_text(
        data.draw(st.one_of(st.permutations(source), st.lists(st.sampled_from([0, 1, "1", True, None]), max_size=4)))
    )
    assert said(field(FieldKind.JSON), source, target) == json_verdict(source, ("json", target.text))


@pytest.mark.parametrize("items", ["text", "ci", "integer", "instant", "decimal"])
@MANY
@given(data=st.data())
def test_arrays(items: str, data: st.DataObject) -> None:
    some = data.draw(st.lists(pairs(items), max_size=3))
    source, target = [one for one, _ in some], [other for _, other in some]
    if ABSENT in source or any(verdict(items, *pair, scale=2) == UNREADABLE for pair in some):
        return
    spec = field(FieldKind.ARRAY, items=FieldKind(items), scale=2 if items == "decimal" else None)
    answer = said(spec, list(map(raw, source)), list(map(raw, target)))
    assert (answer == "equal") == (array_verdict(items, source, target, scale=2) == "equal")


rows_of = st.lists(st.tuples(st.one_of(st.integers(-1, 4), st.none()), st.sampled_from("ab")), max_size=4)


@MANY
@given(st.one_of(absent, st.lists(st.sampled_from("ab"), max_size=3)), rows_of, st.booleans())
def test_child_rows(names: Any, rows: list[tuple[int | None, str]], same: bool) -> None:  # noqa: ANN401, FBT001 - hypothesis
    source = names if names in (None, ABSENT) else [{"name": name} for name in names]
    chosen = list(enumerate(names)) if same and isinstance(names, list) else rows
    children = tuple(ChildRow(position, (name, None)) for position, name in chosen)
    answer = said(field(FieldKind.CHILDREN), raw(source), children)
    assert (answer == "equal") == (children_verdict(source, [(at, {"name": name}) for at, name in chosen]) == "equal")


KEYS = [f"{number:024x}" for number in range(6)]
things = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from("ab")), max_size=8, unique_by=lambda one: one[0])
rows_with_keys = st.lists(st.tuples(st.sampled_from([*KEYS, None, "ABC"]), st.sampled_from("ab")), max_size=8)


def counted(source: list[tuple[str, str]], target: list[tuple[str | None, str]]) -> Counter[str]:
    """What becomes of records, by loading everything and looking."""
    found: Counter[str] = Counter()
    carried = Counter(key for key, _ in target)
    usable = {key: value for key, value in target if carried[key] == 1 and key in KEYS}
    found["key_defect"] = sum(key not in usable for key, _ in target)
    found["extra_in_target"] = len(usable.keys() - {key for key, _ in source})
    for key, value in source:
        here = key in usable
        found["missing_in_target" if not here else "matched" if usable[key] == value else "field_mismatch"] += 1
    return +found


@MANY
@given(things, rows_with_keys)
def test_sets_of_records(source: list[tuple[str, str]], target: list[tuple[str | None, str]]) -> None:
    spec = entity(field(FieldKind.TEXT))
    left = _records(Side.SOURCE, [(ObjectIdValue(key), value) for key, value in sorted(source)])
    right = _records(Side.TARGET, sorted(target, key=lambda row: row[0] or ""))
    pairing = Pairing(spec)
    for side, records in ((Side.SOURCE, left), (Side.TARGET, right)):
        pairing.push(side, records)
        pairing.close(side)
    judge = Judge(spec, now_ms=0)
    assert Counter(str(judge.outcome(match).outcome) for match in pairing.ready()) == counted(source, target)


def _records(side: Side, rows: Any) -> list[Record]:  # noqa: ANN401 - rows of either side
    """Normalized records of a side."""
    normalizer = Normalizer(entity(field(FieldKind.TEXT)), side=side, digest=digest)
    return [normalizer.record(RawRecord(id=f"{side}{place}", values=values)) for place, values in enumerate(rows)]


def test_the_oracle_knows_every_kind_of_difference() -> None:
    told = {verdict("integer", *pair) for pair in (("7", 7), (7, 8), (None, 7), (7, None), (7, 7))}
    told |= {verdict("reference", ("oid", ID), ("lost",)), json_verdict([1, 2], ("json", "[2, 1]"))}
    assert told == {*map(str, DiffKind), "equal"}
