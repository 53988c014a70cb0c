"""Both sides of a field: what differs is marked, what cannot be seen is named, what may not be shown is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.app.ports import StoredField
from reconciler.core.model import DiffKind, Sensitivity
from reconciler.web.visible import Shown, both_sides

pytestmark = pytest.mark.unit


def field(
    source: object, target: object, *, kind: DiffKind = DiffKind.VALUE, redacted: str | None = None
) -> StoredField:
    return StoredField(path="city", kind=kind, source=source, target=target, redacted=redacted, cluster="K-1")


def text(shown: Shown) -> str:
    return "".join(bit.text for bit in shown.bits)


def marked(shown: Shown) -> str:
    return "".join(bit.text for bit in shown.bits if bit.differs)


def test_only_what_differs_is_marked() -> None:
    source, target = both_sides(field("01067 Dresden", "1067 Dresden"))
    assert (text(source), marked(source)) == ("01067 Dresden", "0")
    assert (text(target), marked(target)) == ("1067 Dresden", "")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("a ", "a·"),
        (" a", "·a"),
        ("a  b", "a··b"),
        ("a b", "a b"),
        ("a\u00a0b", "aU+00A0b"),
        ("a\u200b", "aU+200B"),
        ("e\u0301", "eU+0301"),
        ("a\tb", "a⇥ tabb"),
        ("a\nb", "a⏎ line feedb"),
        ("\ud800", "U+D800"),
        (" ", "·"),
    ],
)
def test_characters_that_cannot_be_seen_are_named(value: str, told: str) -> None:
    source, _ = both_sides(field(value, "x"))
    assert text(source) == told


def test_letters_that_deceive_show_their_code_points() -> None:
    source, target = both_sides(field("Сочи", "Cочи"))
    assert source.code_points == "U+0421"
    assert (target.code_points, marked(target)) == ("", "C")


def test_null_and_absent_are_told_apart_and_from_the_empty_text() -> None:
    absent = both_sides(field("x", None, kind=DiffKind.MISSING_FIELD))[1]
    null = both_sides(field("x", None))[1]
    empty = both_sides(field("x", ""))[1]
    assert (absent.type, null.type, empty.type) == ("absent", "null", "text")
    assert empty.bits == ()
    assert both_sides(field(None, "x", kind=DiffKind.EXTRA_FIELD))[0].type == "absent"


def test_values_that_print_the_same_differ_by_type() -> None:
    source, target = both_sides(field(True, "true", kind=DiffKind.TYPE))  # noqa: FBT003 - the value under test
    assert (source.type, target.type) == ("boolean", "text")
    assert both_sides(field(7, "7"))[0].type == "number"


def test_json_keeps_its_line_breaks_and_indents() -> None:
    source, _ = both_sides(field({"a": [1, 2]}, {"a": [1, 3]}))
    assert text(source) == '{\n  "a": [\n    1,\n    2\n  ]\n}'
    assert source.type == "object"


def test_masked_values_stay_masked_and_unmarked() -> None:
    source, target = both_sides(field("•••▒", None, kind=DiffKind.MISSING_FIELD, redacted=Sensitivity.PII))
    assert (source.type, text(source), marked(source)) == ("masked", "•••▒", "")
    assert target.type == "absent"


@given(st.text(), st.text())
def test_a_secret_shows_nothing_even_if_the_store_held_it(source: str, target: str) -> None:
    left, right = both_sides(field(source, target, redacted=Sensitivity.SECRET))
    assert left == right == both_sides(field(None, None, redacted=Sensitivity.SECRET))[0]


@given(st.text(), st.text())
def test_different_texts_never_look_the_same(source: str, target: str) -> None:
    left, right = both_sides(field(source, target))
    assert ((left.bits, left.code_points) == (right.bits, right.code_points)) == (source == target)


@given(st.text(alphabet="ab \u00a0é", max_size=8), st.text(alphabet="ab \u00a0é", max_size=8))
def test_nothing_of_a_value_is_lost(source: str, target: str) -> None:
    left, _ = both_sides(field(source, target))
    spelled = "".join(
        {"·": " ", "U+00A0": "\u00a0"}.get(bit.text, bit.text) if bit.named else bit.text for bit in left.bits
    )
    assert spelled == source
