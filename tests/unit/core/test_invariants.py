"""What is judged in memory: cycles along references and ranges that meet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.invariants import MOST_SAMPLES, broken_ranges, by_number, cycles, result, shown_path, still
from reconciler.core.model import InvariantResult
from reconciler.core.spec import InvariantKind, InvariantSpec


def test_a_result_keeps_some_keys_each_once() -> None:
    spec = InvariantSpec(name="one", entity="thing", kind=InvariantKind.UNIQUE)
    found = result(spec, "source", violations=99, keys=[*"aab", *map(str, range(99))])
    assert found.violations == 99
    assert found.sample_keys[:3] == ("a", "b", "0")
    assert len(found.sample_keys) == MOST_SAMPLES


@pytest.mark.parametrize(
    ("parents", "expected"),
    [
        ({}, []), ({"a": "b", "b": "c"}, []), ({"a": "a"}, [["a"]]), ({"a": "b", "b": "a", "c": "a"}, [["a", "b"]]),
        ({"d": "a", "a": "b", "b": "c", "c": "a"}, [["a", "b", "c"]]),
        ({"a": "b", "b": "a", "c": "d", "d": "c"}, [["a", "b"], ["c", "d"]]),
    ],
)  # fmt: skip
def test_cycles(parents: dict[str, str], expected: list[list[str]]) -> None:
    assert cycles(parents) == expected


@given(st.dictionaries(st.integers(0, 8).map(str), st.integers(0, 8).map(str)))
def test_a_key_is_in_a_cycle_exactly_when_walking_from_it_comes_back(parents: dict[str, str]) -> None:
    def comes_back(start: str) -> bool:
        at = start
        for _ in range(len(parents)):
            at = parents.get(at, "")
            if at == start:
                return True
        return False

    assert sorted(key for cycle in cycles(parents) for key in cycle) == sorted(filter(comes_back, parents))


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ([], []), ([("1", 0, None)], []), ([("1", 0, 9)], ["1"]), ([("1", 0, 9), ("2", 10, None)], []),
        ([("1", 0, 9), ("2", 11, None)], ["1"]),
        ([("1", 0, None), ("2", 10, None)], ["1"]), ([("1", 0, 9), ("2", None, None)], ["1"]),
        ([("1", 0, 9.0), ("2", 10, 5)], ["2"]),
        ([("1", 0, "9"), ("2", 10, None)], ["1"]),
    ],
)  # fmt: skip
def test_ranges_that_do_not_meet(ranges: list[tuple[str, object, object]], expected: list[str]) -> None:
    assert broken_ranges(ranges) == expected


def test_keys_stand_in_the_order_of_numbers_whatever_their_type() -> None:
    assert sorted(["10", "x", "9", "2.0"], key=by_number) == ["2.0", "9", "10", "x"]


def told(violations: int, *keys: str) -> InvariantResult:
    """A store's answer."""
    return InvariantResult(name="one", side="source", violations=violations, sample_keys=keys)


@pytest.mark.parametrize(
    ("earlier", "later", "left"),
    [
        (told(1, "a"), told(0), told(0)),
        (told(1, "a"), told(1, "a"), told(1, "a")),
        (told(1, "a"), told(1, "b"), told(0)),
        (told(2, "a", "b"), told(2, "b", "c"), told(2, "b")),
        (told(1), told(1), told(1)),
        (told(1, "a"), told(1), told(1)),
        (told(1), told(1, "a"), told(1, "a")),
    ],
)
def test_a_violation_lasts_where_a_key_or_the_lack_of_keys_says_so(
    earlier: InvariantResult, later: InvariantResult, left: InvariantResult
) -> None:
    assert still(earlier, later) == left


def test_more_keys_than_are_kept_tell_nothing() -> None:
    many = told(99, *map(str, range(MOST_SAMPLES)))
    assert still(many, told(1, "x")) == told(1, "x")
    assert still(told(1, "x"), many) == many


@pytest.mark.parametrize(
    ("kind", "fields", "group", "shown"),
    [
        (InvariantKind.CONTIGUOUS, ("low", "high"), (), "low"),
        (InvariantKind.CONTIGUOUS, ("low", "high"), ("shop",), "low"),
        (InvariantKind.AT_MOST_ONE, ("primary",), ("user", "kind"), "user"),
        (InvariantKind.EXACTLY_ONE, ("primary",), ("user",), "user"),
        (InvariantKind.AT_MOST_ONE, ("primary",), (), None),
        (InvariantKind.UNIQUE, ("email",), ("shop",), None),
    ],
)
def test_a_violation_is_shown_by_its_group_or_range_where_it_has_one(
    kind: InvariantKind, fields: tuple[str, ...], group: tuple[str, ...], shown: str | None
) -> None:
    assert shown_path(InvariantSpec(name="one", entity="thing", kind=kind, fields=fields, group=group)) == shown
