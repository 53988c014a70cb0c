"""However the batches fall, the merge says what two dictionaries would say, and refuses keys that come out of order."""

import itertools
from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model import Record, Side
from reconciler.core.pairing import Defective, Match, Pair, Pairing
from reconciler.core.spec import EntitySpec, FieldKind
from reconciler.errors import KeysOutOfOrder
from tests.unit.core_world import embedded_entity, entity, field, keyed

PLAIN = entity(field(FieldKind.INTEGER, path="level"), key=["level"])
TOKENS, PASSKEYS = embedded_entity(owner_in_key=True), embedded_entity(owner_in_key=False)
Told = list[tuple[str, str, str]]


def without_key(name: str, *, defect: str) -> Record:
    """A record that has no usable key, or one of a strange type."""
    return Record(id=name, key=None, key_text=f"id:{name}", values=(), defect=defect, stray=not defect)


def told(matches: Sequence[Match]) -> Told:
    """The matches as (what, source id, target id), sorted."""
    found = []
    for match in matches:
        if isinstance(match, Defective):
            found.append(
                (
                    match.why,
                    match.record.id if match.side is Side.SOURCE else "",
                    match.record.id if match.side is Side.TARGET else "",
                )
            )
        else:
            found.append(("pair", match.source.id if match.source else "", match.target.id if match.target else ""))
    return sorted(found)


def merged(spec: EntitySpec, source: Sequence[Record], target: Sequence[Record], sizes: Sequence[int]) -> list[Match]:
    """Drives the pairing with batches of these sizes, as a scan does."""
    matches: list[Match] = []
    pairing, size = Pairing(spec), itertools.cycle(sizes)
    waiting = {Side.SOURCE: list(source), Side.TARGET: list(target)}
    while (side := pairing.starving()) is not None:
        count = next(size)
        batch, waiting[side] = waiting[side][:count], waiting[side][count:]
        if batch:
            pairing.push(side, batch)
        elif not waiting[side]:
            pairing.close(side)
        matches += pairing.ready()
    return [*matches, *pairing.ready()]


def by_dictionary(source: Sequence[Record], target: Sequence[Record]) -> Told:
    """What two dictionaries of lists say, for keys that are compared whole."""
    groups: dict[object, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    found = []
    for side, records in enumerate((source, target)):
        for one in records:
            if one.key is None:
                what = one.defect or "pair"
                found.append((what, one.id, "") if side == 0 else (what, "", one.id))
            else:
                groups[one.key.parts][side].append(one.id)
    for left, right in groups.values():
        found += [("carried by two records of the source", one, "") for one in left if len(left) > 1]
        found += [("carried by two rows", "", one) for one in right if len(right) > 1]
        lone = (left if len(left) == 1 else [], right if len(right) == 1 else [])
        if any(lone):
            found.append(("pair", *(side[0] if side else "" for side in lone)))  # type: ignore[arg-type]
    return sorted(found)


def side_of(letter: str) -> st.SearchStrategy[list[Record]]:
    """A side in key order, with doubled keys, and with keyless records anywhere."""

    def in_order(keys: list[int | None]) -> list[Record]:
        ordered = iter(sorted(key for key in keys if key is not None))
        return [
            without_key(f"{letter}{place}", defect="null in its key" if place % 2 else "")
            if key is None
            else keyed(next(ordered), id=f"{letter}{place}")
            for place, key in enumerate(keys)
        ]

    return st.lists(st.one_of(st.integers(0, 12), st.none()), max_size=14).map(in_order)


@given(side_of("s"), side_of("t"), st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_any_batches_give_what_two_dictionaries_give(
    source: list[Record], target: list[Record], sizes: list[int]
) -> None:
    assert told(merged(PLAIN, source, target, sizes)) == by_dictionary(source, target)


keys_with_owner = st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"))


@given(st.sets(keys_with_owner), st.sets(keys_with_owner), st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_records_on_their_owner_meet_first_and_the_rest_meet_by_what_is_left(
    source: set[tuple[str, str]], target: set[tuple[str, str]], sizes: list[int]
) -> None:
    left, right = ([keyed(*key, id="/".join(key)) for key in sorted(side)] for side in (source, target))
    pairs = [match for match in merged(TOKENS, left, right, sizes) if isinstance(match, Pair)]
    assert sorted(one.source.id for one in pairs if one.source) == sorted("/".join(key) for key in source)
    assert sorted(one.target.id for one in pairs if one.target) == sorted("/".join(key) for key in target)
    whole = {one.source.id for one in pairs if one.source and one.target and one.source.id == one.target.id}
    assert whole == {"/".join(key) for key in source & target}
    for name in "abc":
        lone = {Side.SOURCE if one.source else Side.TARGET for one in pairs if _alone(one, name)}
        assert len(lone) <= 1, "two that differ in their owner only must meet"


def _alone(pair: Pair, name: str) -> bool:
    """Whether a record of this name stands alone."""
    records = [one for one in (pair.source, pair.target) if one]
    return len(records) == 1 and records[0].id.startswith(name)


@pytest.mark.parametrize("spec", [TOKENS, PASSKEYS])
def test_a_record_on_another_owner_meets_its_twin(spec: EntitySpec) -> None:
    parts = (("hash", "one"), ("hash", "other")) if spec is TOKENS else (("hash",), ("hash",))
    found = merged(spec, [keyed(*parts[0], id="s")], [keyed(*parts[1], id="t")], [1])
    assert told(found) == [("pair", "s", "t")]


@pytest.mark.parametrize("side", Side)
def test_keys_out_of_order_are_refused(side: Side) -> None:
    pairing = Pairing(PLAIN)
    pairing.push(side, [keyed(1), keyed(2)])
    with pytest.raises(KeysOutOfOrder, match=f"keys of the {side.value} came out of order"):
        pairing.push(side, [keyed(3), keyed(1)])


def test_a_key_is_not_judged_before_both_sides_are_past_it() -> None:
    """A second row with the same key may come in the next batch."""
    pairing = Pairing(PLAIN)
    pairing.push(Side.SOURCE, [keyed(1, id="s")])
    pairing.push(Side.TARGET, [keyed(1, id="t")])
    assert list(pairing.ready()) == []
    pairing.push(Side.TARGET, [keyed(1, id="twin")])
    pairing.close(Side.SOURCE)
    pairing.close(Side.TARGET)
    assert told(list(pairing.ready())) == [
        ("carried by two rows", "", "t"), ("carried by two rows", "", "twin"), ("pair", "s", ""),
    ]  # fmt: skip


def test_only_the_side_that_lags_is_asked_for_more() -> None:
    pairing = Pairing(PLAIN)
    pairing.push(pairing.starving() or Side.TARGET, [keyed(5)])
    assert pairing.starving() is Side.TARGET
    pairing.push(Side.TARGET, [keyed(7)])
    assert pairing.starving() is Side.SOURCE
    pairing.close(Side.SOURCE)
    assert pairing.starving() is Side.TARGET
    pairing.close(Side.TARGET)
    assert pairing.starving() is None
