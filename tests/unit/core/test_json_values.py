"""Json is compared as JSON values: digits, nulls, names and order as the backfill writes them."""

import copy
import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.core.json_values import json_column, json_document
from reconciler.core.model import MISSING, Instant, JsonText, ObjectIdValue, Opaque, Raw
from reconciler.core.spec import FieldKind
from reconciler.core.values import UnreadableValue
from tests.unit.core_world import ID, diffs, documents, field, json_text, leaves

JSON = field(FieldKind.JSON)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ({"a": 1, "b": 2}, '{"b": 2.0, "a": 1}'),
        (None, "null"), (MISSING, "null"), ([], "[]"), ({}, "{}"), ("", '""'), (0, "0"), (-0.0, "0"), (True, "true"),
        ({"a": None}, '{"a": null}'),
        (2**60 + 1, "1152921504606846977"), (0.1, "0.1"), (1e21, "1000000000000000000000"), (1e-7, "0.0000001"),
        (ObjectIdValue(ID), f'"{ID}"'),
        (Instant(-1), '"1969-12-31T23:59:59.999Z"'), (Instant(0), '"1970-01-01T00:00:00.000Z"'),
        (Instant(253_402_300_800_000_000), '"+010000-01-01T00:00:00.000Z"'),
        ("\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), '"\\ud83d\\ude00"'),
    ],
)  # fmt: skip
def test_equal_json(source: Raw, target: str) -> None:
    assert diffs(JSON, source, JsonText(target)) == []


@pytest.mark.parametrize(
    ("source", "target", "path", "kind"),
    [
        ({"a": None}, "{}", "it.a", "missing_field"), ({}, '{"a": null}', "it.a", "extra_field"),
        ({}, None, "it", "missing_field"), ([], None, "it", "missing_field"), ("", None, "it", "missing_field"),
        ({"a": True}, '{"a": 1}', "it.a", "type"), ({"a": "1"}, '{"a": 1}', "it.a", "type"),
        ({"a": 0}, '{"a": false}', "it.a", "type"),
        ({"a": {}}, '{"a": []}', "it.a", "type"), ({"a": "null"}, '{"a": null}', "it.a", "missing_field"),
        ({"__v": 1}, '{"__v": 2}', "it.__v", "value"), ({"x.y": 1}, '{"x.y": 2}', 'it["x.y"]', "value"),
        ({"a": [1, 2]}, '{"a": [2, 1]}', "it.a", "order"),
        ([{"a": 1}, {"a": 2}], '[{"a": 2}, {"a": 1}]', "it", "order"),
        ([1, 1, 2], "[1, 2, 2]", "it[1]", "value"), ([1, 2], "[1]", "it[1]", "missing_field"),
        ({"a": 2**53 + 1}, '{"a": 9007199254740992}', "it.a", "value"),
        ({"a": 0.1}, '{"a": 0.10000000000000001}', "it.a", "value"),
        ({"a": float("nan")}, '{"a": null}', "it.a", "missing_field"), (float("inf"), "null", "it", "missing_field"),
        ({"a": Instant(0)}, '{"a": "1970-01-01T00:00:00Z"}', "it.a", "value"),
        ({"a": {"b": [{"c": 1}]}}, '{"a": {"b": [{"c": 2}]}}', "it.a.b[0].c", "value"),
    ],
)  # fmt: skip
def test_differing_json(source: Raw, target: str | None, path: str, kind: str) -> None:
    assert diffs(JSON, source, None if target is None else JsonText(target)) == [(path, kind)]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '{"a": NaN}',
        "[Infinity]",
        "{",
        '"\\ud800"',
        '{"\\udfff": 1}',
        "[" * 5000,
        "1e99999999999999999999",
    ],
)
def test_a_column_that_is_json_to_some_and_not_to_others_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableValue) as refused:
        json_column(JsonText(text))
    assert text not in str(refused.value)


@pytest.mark.parametrize("value", [Decimal(1), b"x", Opaque("regex"), Opaque("binData subtype 4")])
def test_what_json_has_no_form_for_is_unreadable_with_its_path(value: Raw) -> None:
    with pytest.raises(UnreadableValue) as refused:
        json_document({"a": [{"b c": value}]})
    assert refused.value.path == '.a[0]["b c"]'


@pytest.mark.parametrize("digits", ["1" * 5000, "1e400000", "1E-400000"])
def test_numbers_of_any_size_are_numbers(digits: str) -> None:
    assert diffs(JSON, {"a": 1}, JsonText(f'{{"a": {digits}}}')) == [("it.a", "value")]


@given(documents)
def test_a_document_agrees_with_its_own_json(value: Raw) -> None:
    assert diffs(JSON, value, json_text(value)) == []


@given(documents, leaves, st.data())
def test_one_changed_leaf_is_found_exactly_at_its_path(value: Raw, other: Raw, data: st.DataObject) -> None:
    places = list(_places(value))
    steps = data.draw(st.sampled_from(places))
    assume(json_document(_at(value, steps)) != json_document(other))
    changed = _changed(value, steps, other)
    assume(not any(_is_permutation(_at(value, steps[:cut]), _at(changed, steps[:cut])) for cut in range(len(steps))))
    found = diffs(JSON, value, json_text(changed))
    assert [path for path, _ in found] == ["it" + "".join(map(_step, steps))]


def _places(value: Raw, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The steps to every leaf; an empty object or array is one."""
    inner = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    if not inner:
        yield steps
    for one, item in inner:
        yield from _places(item, (*steps, one))


def _at(value: Raw, steps: tuple[str | int, ...]) -> Raw:
    for one in steps:
        value = value[one]  # type: ignore[index]
    return value


def _changed(value: Raw, steps: tuple[str | int, ...], other: Raw) -> Raw:
    if not steps:
        return other
    changed = copy.copy(value)
    changed[steps[0]] = _changed(value[steps[0]], steps[1:], other)  # type: ignore[index]
    return changed


def _step(one: str | int) -> str:
    """The step as CONTRACT.md spells it; other names than plain ones as JSON strings."""
    if isinstance(one, int):
        return f"[{one}]"
    plain = one.isascii() and one.replace("_", "a").replace("$", "a").replace("-", "1").isalnum()
    quoted = json.dumps(one, ensure_ascii=False)
    return f".{one}" if plain and not one[0].isdigit() and one[0] != "-" else f"[{quoted}]"


def _is_permutation(left: Raw, right: Raw) -> bool:
    """Whether both are lists of the same elements."""
    if not isinstance(left, list) or not isinstance(right, list):
        return False
    rest = [repr(json_document(one)) for one in right]
    for one in left:
        if repr(json_document(one)) not in rest:
            return False
        rest.remove(repr(json_document(one)))
    return True


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": NaN}', "json with NaN or Infinity"), ("-Infinity", "json with NaN or Infinity"),
        ('{"a": 1, "a": 1}', "json with a name that occurs twice"), ('"\\ud800"', "json with half a surrogate pair"),
        ('{"\\ud800": 1}', "json with half a surrogate pair"), ("{", "json that can't be parsed"),
        ("[" * 100_000, "json nested too deep"), ("1e99999999999999999999", "json that can't be parsed"),
    ],
)  # fmt: skip
def test_what_is_no_json_says_what_is_wrong_with_it(text: str, told: str) -> None:
    with pytest.raises(UnreadableValue) as found:
        json_column(JsonText(text))
    assert (found.value.type_name, found.value.path) == (told, "")
