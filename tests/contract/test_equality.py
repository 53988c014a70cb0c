"""Every case of tests/cases comes out as it says, on the real stores, through the real readers."""

from dataclasses import dataclass, field

import pytest

from reconciler.core.model import Outcome
from reconciler.core.spec import FieldKind
from tests.acceptance.live import LiveSandbox, Shop
from tests.contract.equality import (
    CASES,
    FRIENDS,
    Case,
    Group,
    Told,
    all_cases,
    execute,
    eyes,
    fill,
    groups,
    key_of,
    kinds,
    read,
    statements,
)

pytestmark = pytest.mark.contract


@dataclass(slots=True)
class Verdicts:
    """What is said of each case, or of its column; and what becomes of it in a scan by checksums."""

    told: dict[str, Told | list[str]] = field(default_factory=dict)
    alike: set[str] = field(default_factory=set)
    untold: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def verdicts(live_sandbox: LiveSandbox) -> Verdicts:
    """What is said of every case; all of them lie in the stores together."""
    with live_sandbox.empty_shop() as shop:
        found = [group for name in kinds() for group in groups(name)]
        setups = [text for name in kinds() for text in _setups(name)]
        live_sandbox.call(execute(shop, [*setups, FRIENDS, *(text for one in found for text in statements(one))]))
        for group in found:
            fill(shop, group)
        return live_sandbox.call(_judged(shop, found))


def _setups(name: str) -> list[str]:
    """The types that a file's columns need."""
    whole = read(name)
    return [one["setup"] for one in (whole, *whole["case"]) if "setup" in one]


async def _judged(shop: Shop, found: list[Group]) -> Verdicts:
    """What is said of each case of these groups; of a refused one what is said of its column."""
    verdicts = Verdicts()
    async with eyes(shop, [group.entity for group in found]) as opened:
        for group in found:
            problems = await opened.looker.problems(group.entity)
            if group.refused or problems:
                verdicts.told |= dict.fromkeys(group.cases, problems)
                continue
            told = await opened.told(group.entity)
            for number, name in enumerate(group.cases):
                (verdicts.told[name],) = told.get(key_of(number), [Told(outcome=Outcome.MATCHED)])
            assert len(told[""]) + len(told) - 1 == len(group.cases)
            alike = await opened.alike(group.entity)
            verdicts.untold |= set(group.cases) if alike is None else set()
            verdicts.alike |= {name for at, name in enumerate(group.cases) if key_of(at) in (alike or ())}
    return verdicts


@pytest.mark.parametrize(("name", "case"), all_cases(), ids=lambda one: one if isinstance(one, str) else "")
def test_equality(name: str, case: Case, verdicts: Verdicts) -> None:
    told = verdicts.told[name]
    if isinstance(told, list):
        assert case["expect"] == "refused", told
        assert told
        assert all("value" in problem for problem in told)
        return
    match case["expect"]:
        case "equal":
            assert told == Told(outcome=Outcome.MATCHED)
        case "missing_in_target":
            assert told.outcome is Outcome.MISSING_IN_TARGET
        case "unreadable":
            assert told.outcome is Outcome.UNREADABLE
            assert told.detail.startswith(f"{case.get('path', 'value')}")
        case "any":
            assert told.outcome is Outcome.FIELD_MISMATCH
        case kind:
            assert told.outcome is Outcome.FIELD_MISMATCH
            (path, found, note), *more = told.fields
            assert (path, found) == (case.get("path", "value"), kind)
            assert [one for one, _, _ in more] == case.get("also", [])
            assert note == case.get("note", note)


@pytest.mark.parametrize("kind", kinds())
def test_checksums_call_equal_what_is_equal_and_nothing_else(kind: str, verdicts: Verdicts) -> None:
    expected = {name: case["expect"] for name, case in all_cases() if name.startswith(f"{kind}: ")}

    assert {name: expected[name] for name in verdicts.alike & set(expected) if expected[name] != "equal"} == {}
    assert verdicts.alike & set(expected), "checksums call no case of this kind equal"


def test_every_kind_of_field_has_its_cases() -> None:
    assert set(kinds()) == set(FieldKind) - {FieldKind.IDENTITY}
    assert (CASES / "keys.toml").is_file()


@pytest.mark.parametrize("name", [*kinds(), "keys"])
def test_titles_are_unique_and_what_is_impossible_says_why(name: str) -> None:
    whole = read(name)
    titles = [case["title"] for case in whole["case"]]
    assert len(set(titles)) == len(titles)
    assert all(one["title"] and one["reason"] for one in whole.get("impossible", []))
