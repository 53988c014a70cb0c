"""A record's key is what both stores can spell; what can't be a key is said, and no hidden part is shown."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model import (
    DanglingReason,
    DanglingReference,
    ObjectIdValue,
    Opaque,
    Raw,
    RawRecord,
    ResolvedReference,
    Sensitivity,
    Side,
)
from reconciler.core.records import joined_key, parse_key, spelled, split_key
from reconciler.core.spec import FieldKind
from reconciler.core.values import UNREADABLE
from tests.unit.core_world import ID, digest, embedded_entity, entity, field, record, texts

LEGACY = entity(field(FieldKind.TEXT))
NAMED = entity(field(FieldKind.TEXT, path="name"), key=["name"])
LEVEL = entity(field(FieldKind.INTEGER, path="level"), key=["level"])
PAIR = entity(field(FieldKind.TEXT, path="one"), field(FieldKind.INTEGER, path="two"), key=["one", "two"])


@given(st.lists(st.text("a/%25F", max_size=6), min_size=1, max_size=4))
def test_a_joined_key_is_split_into_the_parts_that_it_was_made_of(parts: list[str]) -> None:
    assert split_key(joined_key(parts), len(parts)) == parts


def test_a_key_that_a_report_shows_is_read_back() -> None:
    found = parse_key(PAIR, "a%2Fb/7")
    assert found
    assert (found.parts, found.text) == (("a/b", 7), "a%2Fb/7")
    assert parse_key(PAIR, "a/b/7") is None
    assert parse_key(PAIR, "a") is None
    assert parse_key(NAMED, "id:7") is None
    named = parse_key(NAMED, "a/b")
    assert named
    assert named.parts == ("a/b",)
    assert parse_key(LEVEL, "7.5") is None


def test_a_record_keeps_its_values_and_its_key() -> None:
    found = record(LEGACY, Side.SOURCE, ObjectIdValue(ID), "x")
    assert (found.key_text, found.values, found.defect, found.stray) == (ID, (ID, "x"), "", False)
    assert found.key
    assert found.key.parts == (ID,)


@pytest.mark.parametrize("legacy", [ID.upper(), ID[:-1], f"{ID} ", "", "not an id"])
def test_a_malformed_legacy_id_is_a_defect_shown_as_it_is_stored(legacy: str) -> None:
    found = record(LEGACY, Side.TARGET, legacy, "x")
    assert found.key is None
    assert found.defect.startswith("malformed")
    assert found.key_text == legacy


def test_a_null_legacy_id_is_a_defect_named_by_the_rows_id() -> None:
    found = record(LEGACY, Side.TARGET, None, "x", id="row-7")
    assert (found.key, found.key_text, found.defect) == (None, "id:row-7", "null in its key")


@pytest.mark.parametrize("value", [ID, 7, {"a": 1}, None])
def test_a_source_id_that_is_no_object_id_is_a_stray_and_no_defect(value: Raw) -> None:
    found = record(LEGACY, Side.SOURCE, value, "x")
    assert (found.key, found.stray, found.defect) == (None, True, "")


def test_keys_without_a_spelling_are_told_apart_by_their_ids() -> None:
    """Two documents whose `_id` is a UUID would otherwise share one empty key, and one of them would be lost."""
    found = [record(LEGACY, Side.SOURCE, Opaque("binData subtype 4"), "x", id=name) for name in ("one", "other")]
    assert [one.key_text for one in found] == ["id:one", "id:other"]


@pytest.mark.parametrize("side", Side)
def test_a_null_in_a_natural_key_is_a_defect_on_either_side(side: Side) -> None:
    assert record(NAMED, side, None, id="1").defect == "null in its key"


@pytest.mark.parametrize(("source", "target"), [(7.0, 7), (7, Decimal("7.0")), (7, 7), (-0.0, 0)])
def test_whole_numbers_make_the_same_key_whatever_their_type(source: Raw, target: Raw) -> None:
    left, right = record(LEVEL, Side.SOURCE, source), record(LEVEL, Side.TARGET, target)
    assert left.key
    assert right.key
    assert repr(left.key.parts) == repr(right.key.parts)
    assert left.key_text == right.key_text


@pytest.mark.parametrize("value", [True, "7", float("nan"), Opaque("timestamp")])
def test_a_key_of_another_type_is_a_stray(value: Raw) -> None:
    assert record(LEVEL, Side.SOURCE, value).stray


def test_an_owner_that_leads_nowhere_makes_no_key() -> None:
    lost = DanglingReference(DanglingReason.NO_ROW, "uuid")
    assert record(embedded_entity(owner_in_key=True), Side.TARGET, lost, "h").defect == "null in its key"
    assert record(embedded_entity(owner_in_key=False), Side.TARGET, lost, "h").key is not None


def test_the_owner_comes_first_in_the_text_and_last_in_the_order() -> None:
    found = record(embedded_entity(owner_in_key=True), Side.TARGET, ResolvedReference(ID), "h")
    assert found.key
    assert (found.key.parts, found.key_text) == (("h", ID), f"{ID}/h")


@pytest.mark.parametrize("sensitivity", [Sensitivity.SECRET, Sensitivity.PII])
@pytest.mark.parametrize("value", ["hunter2", 12345])
def test_a_hidden_part_of_a_key_is_shown_as_a_keyed_digest_only(sensitivity: Sensitivity, value: Raw) -> None:
    hidden = entity(field(FieldKind.TEXT, path="code", sensitivity=sensitivity), key=["code"])
    found = record(hidden, Side.SOURCE, value)
    assert found.key_text == digest(str(value))
    assert parse_key(hidden, found.key_text) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [("hush/7", "HUSH/7"), ("hush", "HUSH"), ("id:hush", "id:hush")],
)
def test_a_text_of_another_form_than_the_key_is_hidden_as_a_whole(text: str, shown: str) -> None:
    one = field(FieldKind.TEXT, path="one", sensitivity=Sensitivity.SECRET)
    hidden = entity(one, field(FieldKind.INTEGER, path="two"), key=["one", "two"])
    assert spelled(hidden, text, digest=str.upper) == shown
    assert spelled(PAIR, text, digest=str.upper) == text


def test_an_unreadable_value_keeps_the_key_and_what_else_could_be_read() -> None:
    whole = entity(field(FieldKind.JSON), field(FieldKind.TEXT, path="also"))
    found = record(whole, Side.SOURCE, ObjectIdValue(ID), {"a": [Decimal(1)]}, "fine")
    assert (found.key_text, found.problem, found.problem_path) == (ID, "decimal", "it.a[0]")
    assert found.values == (ID, UNREADABLE, "fine")


def test_an_unreadable_secret_shows_neither_path_nor_type() -> None:
    whole = entity(field(FieldKind.JSON, sensitivity=Sensitivity.SECRET))
    found = record(whole, Side.SOURCE, ObjectIdValue(ID), {"a": [Decimal(1)]})
    assert (found.problem_path, found.problem) == ("it", "a value that its rule can't take")


def test_a_record_that_could_not_be_decoded_has_a_problem_and_no_values() -> None:
    raw = RawRecord(id="7", problem="broken")
    assert raw.values == ()
    found = record(LEGACY, Side.SOURCE, ObjectIdValue(ID), Opaque("broken", unreadable=True))
    assert found.problem == "broken"


@given(texts, st.integers(-(10**6), 10**6))
def test_a_spelled_key_can_be_read_back(one: str, two: int) -> None:
    found = record(PAIR, Side.SOURCE, one, two)
    assert found.key
    if not found.key_text.startswith("id:"):
        assert parse_key(PAIR, found.key_text) == found.key


@given(st.lists(texts, min_size=1, max_size=4))
def test_joined_keys_split_again_and_never_collide(parts: list[str]) -> None:
    assert split_key(joined_key(parts), len(parts)) == parts


def test_a_single_part_is_spelled_as_it_is() -> None:
    assert joined_key(["a/b%2F"]) == "a/b%2F"


@pytest.mark.parametrize("text", ["", "id:7", "a", "a/x", "a/--5", "a/٣", "a/1e3", "a/1/2"])
def test_texts_that_are_no_keys(text: str) -> None:
    assert parse_key(PAIR, text) is None
