"""Values of every kind, plain and nasty: what documents hold, and what rows hold, one field at a time."""

import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import Binary, Decimal128, Int64, MaxKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from bson.raw_bson import RawBSONDocument

from reconciler.core.model import Sensitivity
from reconciler.core.spec import ChildTable, EntitySpec, FieldKind, FieldSpec
from tests.contract.equality import IDENTITY

FRIEND_IDS = [f"00000000-0000-0000-0000-00000000000{number}" for number in (1, 2, 3, 9)]


@dataclass(frozen=True, slots=True)
class Raw:
    """A value as its BSON type and bytes, or one field's bytes several times over."""

    elements: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """One field: what documents hold at `value`, and what rows hold, as SQL."""

    name: str
    spec: FieldSpec
    column: str
    sources: Sequence[Any]
    targets: Sequence[str]

    @property
    def entity(self) -> EntitySpec:
        return EntitySpec(
            name=self.name, collection=self.name, table=self.name, fields=(IDENTITY, self.spec), key=("_id",)
        )


MISSING = object()


def text(value: bytes) -> bytes:
    return struct.pack("<i", len(value) + 1) + value + b"\0"


STRANGE = [
    MISSING, None, True, False, 0, 1, 7, Int64(7), 7.0, "7", Decimal128("7"), "", "null", "true", [], ["a"], {}, {"a": 1},
    ObjectId("0000000000000000000000fa"), "0000000000000000000000fa", DatetimeMS(7), Binary(b"7"), Binary(b"7", 5),
    Regex("a"), Timestamp(1, 1), MaxKey(), Raw(((6, b""),)), Raw(((0x0E, text(b"7")),)), Raw(((2, text(b"\xff")),)),
    Raw(((2, text(b"7")), (2, text(b"7")))), Raw(((0x10, struct.pack("<i", 7)), (0x10, struct.pack("<i", 7)))),
    float("nan"), float("inf"), float("-inf"), Decimal128("NaN"), Decimal128("Infinity"), "NaN", "Infinity",
]  # fmt: skip
TEXTS = [
    "a", "A", "ab", "a ", " a", "Ü", "ü", "é", "e\u0301", "İ", "i\u0307", "ß", "SS", "Σ", "ς", "σ", "\u212a", "k", "K", "a\x1fb",
    "a\x1f'b", "\x1d", "\x1e", "'", "!", '"', "\\", "a\nb", "北京", "\U0001f600", "~", "[]", "{}", "7.0", "x" * 70_000,
]  # fmt: skip


def sql_text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def numbers(draw: random.Random) -> list[float]:
    """Doubles of every size."""
    found = [
        0.0,
        -0.0,
        0.5,
        0.1,
        0.30000000000000004,
        2.5,
        1e-5,
        1e-9,
        5e-324,
        1e15,
        2.0**53,
        2.0**53 + 2,
        1e22,
        1e308,
        10.005,
    ]
    found += [2.0**62, 2.0**63, -(2.0**63), 512.0, 511.99999999999994, 2.0**19, 0.25, 0.24999999999999997, 1.005, 2.675]
    return (
        found
        + [draw.uniform(-180, 180) for _ in range(8)]
        + [draw.uniform(-1, 1) * 10.0 ** draw.randint(-8, 12) for _ in range(8)]
    )


# fmt: off


def all_crossed() -> Iterator[Crossed]:
    draw = random.Random(5)
    plain = Sensitivity.PLAIN

    def one(name: str, column: str, sources: Sequence[Any], targets: Sequence[str], **spec: Any) -> Crossed:  # noqa: ANN401 - the rest of a field
        path = spec.pop("path", "value")
        has_column = "" if spec["kind"] is FieldKind.CHILDREN else "value"
        made = FieldSpec(path=path, column=has_column, sensitivity=plain, **spec)
        return Crossed(name=name, spec=made, column=column, sources=sources, targets=["null", *targets])

    texts = [sql_text(value) for value in ("", *TEXTS)]
    for kind in (FieldKind.TEXT, FieldKind.CHAR, FieldKind.CI, FieldKind.LOWER):
        yield one(f"x_{kind}", "text", [*STRANGE, *TEXTS], [*texts, "'7'", "'true'", "'0000000000000000000000fa'"], kind=kind)
    yield one("x_char_n", "char(4)", [*STRANGE, "a", "a ", "ab", "  "], ["''", "'a'", "'ab'", "'7'"], kind=FieldKind.CHAR)
    yield one("x_text_char_n", "char(4)", [*STRANGE, "a", "a ", "a   ", "abcd", "    "], ["''", "'a'", "'abcd'", "'7'"], kind=FieldKind.TEXT)
    yield one("x_nested", "text", [*TEXTS, {"b": "a"}, [{"b": "a"}], {"b": ["a"]}, {"b": None}, {}, None, "7",
              Raw(((3, nested(b"b", b"a", b"a")),))], ["''", "'a'"], kind=FieldKind.TEXT, path="value.b")
    yield one("x_nested_array", "text[]", [{"b": ["a"]}, [{"b": "a"}], {"b": "a"}, {"b": []}, {}, 7],
              ["'{}'", "'{a}'"], kind=FieldKind.ARRAY, items=FieldKind.TEXT, path="value.b")
    yield one("x_nested_json", "jsonb", [{"b": [1]}, [{"b": 1}], {"b": 1}, {"b": {}}, {}, 7],
              ["'[1]'", "'1'", "'{}'"], kind=FieldKind.JSON, path="value.b")
    yield one("x_index", "double precision", [[5.0], [[5.0]], {"0": 5.0}, 5.0, [], None, [None, 5.0], MISSING, [5], "5"],
              ["5", "0"], kind=FieldKind.DOUBLE, path="value[0]")
    yield one("x_deep_index", "double precision", [{"b": [5.0]}, [{"b": 5.0}], {"b": 5.0}, {"b": [[5.0]]}, [], None],
              ["5"], kind=FieldKind.DOUBLE, path="value.b[0]")
    whole = [0, 1, -1, 7, 2**31, Int64(2**53 + 1), Int64(2**63 - 1), Int64(-(2**63)), *numbers(draw)]
    wholes = ["0", "1", "-1", "7", str(2**31), str(2**53), str(2**53 + 1), str(2**53 + 2), str(2**63 - 1), str(-(2**63))]
    yield one("x_integer", "bigint", [*STRANGE, *whole], wholes, kind=FieldKind.INTEGER)
    yield one("x_integer_numeric", "numeric", [*STRANGE, *whole],
              [*wholes, "7.0", "2.5", "7.000000000000000000001", "'NaN'", "'Infinity'", str(2**63)], kind=FieldKind.INTEGER)
    decimals = ["0", "7", "7.00", "10.005", "10.01", "-10.005", "-10.01", "10.00", "1E+3", "1E-18", "1.5", "99999999999999.99",
                "1234567890123456.123456789012345678", "-0", "9E+6144", "1E-6176", "1234567890123456789012345678901234"]
    spelled = [*decimals, "12345678901234567890.123456789012345678", " 7", "+7", ".5", "5.", "1e5", "0x7", "1_0", "x", "1" * 35, "1." + "0" * 37 + "1", "0." + "9" * 40]
    fitting = ["0", "7", "7.00", "10.01", "10.00", "10.005", "-10.01", "-10.00", "1000", "1.5", "100000", "1", "0.5", "0.1", "0.3",
               "99999999999999.99", "12345678901234567890.123456789012345678", "1234567890123456.123456789012345678", "1E-18", "1234567890123456789012345678901234",
               "'NaN'", "'Infinity'", "'-Infinity'", "2.68", "2.67", "1.01", "1.00", "1e22", "1e-5"]
    mixed = [*STRANGE, *map(Decimal128, decimals), *spelled, *numbers(draw), Int64(2**53 + 1), 1000]
    for scale in (0, 2, 18):
        yield one(f"x_decimal_{scale}", "numeric", mixed, fitting, kind=FieldKind.DECIMAL, scale=scale)
    yield one("x_decimal_int", "bigint", [*STRANGE, 7, 7.0, Decimal128("7.5")], ["7", "8", "700"], kind=FieldKind.DECIMAL, scale=2)
    doubles = numbers(draw)
    near = [value * (1 + 2**-52) for value in doubles]
    yield one("x_double", "double precision", [*STRANGE, *doubles, *near, 1000, Int64(2**53 + 1), Int64(2**60)],
              [f"'{value!r}'" for value in {*doubles, *near, 7.0, 1000.0, 2.0**60, float("nan"), float("inf"), float("-inf")}],
              kind=FieldKind.DOUBLE)
    yield one("x_boolean", "boolean", STRANGE, ["true", "false"], kind=FieldKind.BOOLEAN)
    times = [0, 1, -1, 999, -999, 1_700_000_000_123, -62_135_596_800_000, 253_402_300_799_999, 2**45, -(2**62), 2**62, 4_102_444_800_001]
    stamps = [f"'epoch'::timestamptz + {time} * interval '1 ms'" for time in times if abs(time) < 2**46]
    micros = ["'1970-01-01 00:00:00.000999Z'", "'1969-12-31 23:59:59.999999Z'", "'1969-12-31 23:59:59.9985Z'", "'2023-11-14 22:13:20.1239999Z'",
              "'infinity'", "'-infinity'", "'0044-03-15 BC'", "'2023-11-14 22:13:20.122999Z'"]
    yield one("x_instant", "timestamptz", [*STRANGE, *map(DatetimeMS, times)], [*stamps, *micros], kind=FieldKind.INSTANT)
    yield one("x_instant_plain", "timestamp", [DatetimeMS(0), DatetimeMS(-1), None], ["'1970-01-01'", "'1969-12-31 23:59:59.999999'"], kind=FieldKind.INSTANT)
    blobs = [b"", b"\0", b"7", b"\xff" * 300, b"x" * 70_000]
    yield one("x_bytes", "bytea", [*STRANGE, *blobs], [f"'\\x{blob.hex()}'" for blob in blobs], kind=FieldKind.BYTES)
    yield one("x_reference", "uuid", [*STRANGE, ObjectId("0000000000000000000000fb")], [f"'{one_id}'" for one_id in FRIEND_IDS],
              kind=FieldKind.REFERENCE, refers_to="friend")
    lists = [[], ["a"], ["a", "b"], ["b", "a"], ["a", None], [None], ["a, b"], ['a", "b'], ["a\\"], [["a"]], [7], ["7"], [True], [1, 2], [7.0],
             [7.5], [False], ["a\nb"], ["é"], [{"a": 1}], [ObjectId("0000000000000000000000fa")]]
    arrays = ["'{}'", "array['a']", "array['a','b']", "array['b','a']", "array['a',null]", "array[null]", "array['a, b']", "array['a\", \"b']",
              "array['a\\']", "array[['a']]", "'[0:1]={a,b}'", "array['7']", "array[E'a\\nb']", "array['é']", "array['']", "array['null']"]
    yield one("x_array", "text[]", [*STRANGE, *lists], arrays, kind=FieldKind.ARRAY, items=FieldKind.TEXT)
    yield one("x_array_int", "int[]", [*STRANGE, *lists], ["'{}'", "'{7}'", "'{1,2}'", "'{null}'", "'{{7}}'"], kind=FieldKind.ARRAY, items=FieldKind.INTEGER)
    yield one("x_array_numeric", "numeric[]", [*STRANGE, *lists], ["'{7}'", "'{7.0}'", "'{7.5}'", "'{NaN}'"], kind=FieldKind.ARRAY, items=FieldKind.INTEGER)
    yield one("x_array_bool", "boolean[]", [*STRANGE, *lists], ["'{t}'", "'{f}'", "'{null}'"], kind=FieldKind.ARRAY, items=FieldKind.BOOLEAN)
    yield one("x_json", "jsonb", [*STRANGE, *TEXTS[:-1], *lists, *map(float, numbers(draw)), *documents()], jsons(), kind=FieldKind.JSON)
    yield children()


def nested(name: bytes, *values: bytes) -> bytes:
    """An object with one name as often as there are values."""
    body = b"".join(b"\x02" + name + b"\0" + text(value) for value in values) + b"\0"
    return struct.pack("<i", len(body) + 4) + body


def documents() -> list[Any]:
    """Objects and arrays, deep and strange."""
    deep: Any = 1
    for _ in range(9):
        deep = {"a": deep}
    when = datetime(2024, 2, 29, 12, tzinfo=UTC)
    return [
        {"b": 1, "a": 2}, {"a": 2, "b": 1}, {"aa": 1, "b": 2}, {"a": None}, {"a": 1.5}, {"a": 0.1}, {"a": [1, {"b": []}]}, {"a": {}},
        {"": 1}, {"a.b": 1}, {"$a": 1}, {'a"b': 1}, {"a": "x\ny"}, {"a": 'x"y'}, {"a": True}, {"a": when}, {"a": DatetimeMS(2**60)},
        {"a": ObjectId("0000000000000000000000fa")}, {"a": Decimal128("1")}, {"a": b"1"}, {"a": float("nan")}, {"a": Int64(2**60)},
        {"a": 1e21}, {"a": 1e-7}, {"a": -0.0}, {"a": 100.0}, deep, {"é": 1, "z": 2, "aa": 3}, [1, [2, [3, [4]]]], list(range(50)),
        {"__typename": 1}, {"length": 1, "keys": 2}, {"v": 1, "k": 2}, [{"k": "a", "v": 1}],
        Raw(((3, nested(b"a", b"x", b"x")),)), Raw(((3, nested(b"a", b"\xff")),)), Raw(((3, nested(b"\xff", b"x")),)),
        [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(milliseconds=5)],
    ]  # fmt: skip


def jsons() -> list[str]:
    """Columns."""
    found = [
        "null", "1", "1.0", "7", '"7"', "true", "0", '""', '"null"', "[]", "{}", '["a"]', '{"a": 1}', '{"b": 1, "a": 2}', '{"aa": 1, "b": 2}', '{"a": null}',
        '{"a": 1.5}', '{"a": 0.1}', '{"a": 0.10}', '{"a": [1, {"b": []}]}', '{"a": {}}', '{"": 1}', '{"a.b": 1}', '{"$a": 1}', '{"a\\"b": 1}',
        '{"a": "x\\ny"}', '{"a": "x\\"y"}', '{"a": true}', '{"a": "2024-02-29T12:00:00.000Z"}', '{"a": "0000000000000000000000fa"}',
        '{"a": 1e21}', '{"a": 1e-7}', '{"a": 0}', '{"a": -0.0}', '{"a": 100}', '{"a": 1e2}', '{"é": 1, "z": 2, "aa": 3}', "[1, [2, [3, [4]]]]",
        str(list(range(50))), '{"a": 1152921504606846976}', '["a, b"]', '["a", "b"]', '"a"', '"é"', '"0000000000000000000000fa"', "0.1",
        "0.30000000000000004", '{"__typename": 1}', '{"length": 1, "keys": 2}', '{"v": 1, "k": 2}', '[{"k": "a", "v": 1}]', '{"a": "x"}',
        '["2024-01-01T00:00:00.005Z"]', '"1970-01-01T00:00:00.007Z"', '{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}', '["a", null]', "[null]",
    ]  # fmt: skip
    return [sql_text(value) + "::jsonb" for value in found]


def children() -> Crossed:
    """Embedded objects and child rows; a target is the rows' SQL."""
    fields = tuple(
        FieldSpec(path=path, kind=kind, column=column, sensitivity=Sensitivity.PLAIN, refers_to="friend" if kind is FieldKind.REFERENCE else "")
        for path, kind, column in (
            ("name", FieldKind.TEXT, "name"), ("size.value", FieldKind.INTEGER, "size"), ("friend", FieldKind.REFERENCE, "friend"),
        )
    )  # fmt: skip
    table = ChildTable(table="x_children_rows", parent_column="parent_id", position_column="position", fields=fields)
    spec = FieldSpec(path="value", kind=FieldKind.CHILDREN, sensitivity=Sensitivity.PLAIN, children=table)
    rows = [
        "", "(0,'a',null,null)", "(0,'a',1,null)", "(0,'a',1,null),(1,'b',null,null)", "(1,'a',1,null),(0,'b',null,null)", "(1,'a',1,null)",
        "(0,'a',1,null),(0,'a',1,null)", "(null,'a',1,null)", "(-1,'a',1,null)", "(0,null,null,null)", "(0,E'a\\x1d1\\x1d',null,null)",
        "(0,E'a\\x1d\\x1d\\x1e''b',null,null)", f"(0,'a',1,'{FRIEND_IDS[0]}')", f"(0,'a',1,'{FRIEND_IDS[2]}')", f"(0,'a',1,'{FRIEND_IDS[3]}')",
        "(0,'a',null,null),(1,'b',null,null)",
    ]  # fmt: skip
    a, fa = {"name": "a", "size": {"value": 1}}, ObjectId("0000000000000000000000fa")
    sources = [
        MISSING, None, [], {}, "x", 7, [a], [{"name": "a"}], [a, {"name": "b"}], [{"name": "b"}, a], [a, a], [None], [7], [{}], [{"name": 7}],
        [{"name": "a", "size": [{"value": 1}]}], [{"name": "a", "size": 1}], [{"name": "a\x1d1\x1d"}], [{**a, "friend": fa}],
        [{**a, "friend": str(fa)}], [{"name": "a\x1d\x1d\x1e'b"}], [{"name": "a"}, {"name": "b"}], Raw(((6, b""),)),
        [RawBSONDocument(nested(b"name", b"a", b"a"))], [{**a, "extra": 1}],
    ]  # fmt: skip
    return Crossed(name="x_children", spec=spec, column="", sources=sources, targets=rows)
