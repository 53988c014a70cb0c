"""Which documents and rows meet: the cases of tests/cases/keys.toml, each in a collection and a table of its own."""

from dataclasses import dataclass, replace

import pytest

from reconciler.core.spec import EntitySpec
from tests.acceptance.live import LiveSandbox
from tests.contract.equality import FRIEND, FRIENDS, Case, Eyes, Told, execute, eyes, read, value_of

pytestmark = pytest.mark.contract
KEYS: list[Case] = read("keys")["case"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of the records of a case, and how many of them a scan by checksums takes for equal."""

    said: list[str]
    alike: int


Verdicts = dict[str, Verdict]


def entity(number: int) -> EntitySpec:
    """The entity of a case: nothing but its key."""
    name = f"keys_{number}"
    return replace(FRIEND, name=name, collection=name, table=name)


@pytest.fixture(scope="module")
def verdicts(live_sandbox: LiveSandbox) -> Verdicts:
    """What becomes of the records of every case."""
    with live_sandbox.empty_shop() as shop:
        texts = [FRIENDS]
        for number, case in enumerate(KEYS):
            table, column = entity(number).table, case.get("column", "varchar(24)")
            texts.append(f"create table {table} (id uuid primary key, legacy_object_id {column}, name text)")
            texts += [
                f"insert into {table} values ('{place:032x}', {one})"  # noqa: S608 - the cases' own SQL
                for place, one in enumerate(case["target"])
            ]
            shop.mongo.create_collection(table)
            for one in case["source"]:
                shop.mongo[table].insert_one({"_id": value_of(one)})
        live_sandbox.call(execute(shop, texts))

        async def judged() -> Verdicts:
            entities = [entity(number) for number in range(len(KEYS))]
            async with eyes(shop, entities) as opened:
                pairs = zip(KEYS, entities, strict=True)
                return {case["title"]: await _judged(opened, one) for case, one in pairs}

        return live_sandbox.call(judged())


async def _judged(opened: Eyes, one: EntitySpec) -> Verdict:
    """What is said of an entity."""
    alike = await opened.alike(one)
    return Verdict(_said(await opened.told(one)), len(alike or ()))


def _said(told: dict[str, list[Told]]) -> list[str]:
    """Outcomes with the fields that differ, sorted."""
    found = [one for several in told.values() for one in several]
    return sorted(f"{one.outcome}{''.join(f': {path} {kind}' for path, kind, _ in one.fields)}" for one in found)


@pytest.mark.parametrize("case", KEYS, ids=[case["title"] for case in KEYS])
def test_keys(case: Case, verdicts: Verdicts) -> None:
    assert verdicts[case["title"]].said == case["expect"]


@pytest.mark.parametrize("case", KEYS, ids=[case["title"] for case in KEYS])
def test_checksums_take_no_more_for_equal_than_match(case: Case, verdicts: Verdicts) -> None:
    assert verdicts[case["title"]].alike == case["expect"].count("matched")
