"""Every BSON type against every kind of field, on the real stores: what is taken, and that nothing else ever is."""

import pytest

from reconciler.core.model import Outcome
from reconciler.core.spec import FieldKind
from tests.acceptance.live import LiveSandbox
from tests.contract.equality import FRIENDS, Case, Group, Told, entity_of, execute, eyes, fill, key_of, read, statements

pytestmark = pytest.mark.contract
TYPES = read("types")
KINDS: list[Case] = TYPES["kind"]
NAMES = [*TYPES["values"], *TYPES["raw"]]
Verdicts = dict[str, dict[str, Told]]


def group(kind: Case) -> Group:
    """A record of each type, beside the same row."""
    sources = [{"source": text} for text in TYPES["values"].values()] + [
        {"raw": text} for text in TYPES["raw"].values()
    ]
    cases: dict[str, Case] = {
        name: {**source, "target": kind.get("target", ""), "expect": ""}
        for name, source in zip(NAMES, sources, strict=True)
    }
    entity = entity_of(f"types_{kind['kind']}", kind["kind"], kind.get("options", {}))
    return Group(entity=entity, column=kind.get("column", ""), cases=cases)


@pytest.fixture(scope="module")
def verdicts(live_sandbox: LiveSandbox) -> Verdicts:
    """What is said of each type, by kind."""
    with live_sandbox.empty_shop() as shop:
        groups = [group(kind) for kind in KINDS]
        live_sandbox.call(execute(shop, [FRIENDS, *(text for one in groups for text in statements(one))]))
        for one in groups:
            fill(shop, one)

        async def judged() -> Verdicts:
            async with eyes(shop, [one.entity for one in groups]) as opened:
                found = {}
                for kind, one in zip(KINDS, groups, strict=True):
                    told = await opened.told(one.entity)
                    found[kind["kind"]] = {
                        name: told.get(key_of(at), [Told(outcome=Outcome.MATCHED)])[0] for at, name in enumerate(NAMES)
                    }
                    alike = await opened.alike(one.entity)
                    matched = {
                        key_of(at)
                        for at, name in enumerate(NAMES)
                        if found[kind["kind"]][name].outcome is Outcome.MATCHED
                    }
                    assert alike is not None
                    assert alike <= matched, kind["kind"]
                return found

        return live_sandbox.call(judged())


@pytest.mark.parametrize("kind", KINDS, ids=[kind["kind"] for kind in KINDS])
def test_a_rule_takes_its_own_types_and_tells_every_other(kind: Case, verdicts: Verdicts) -> None:
    found = verdicts[kind["kind"]]
    unreadable = {name for name, told in found.items() if told.outcome is Outcome.UNREADABLE}
    other_type = {
        name for name, told in found.items() if [(path, one) for path, one, _ in told.fields] == [("value", "type")]
    }

    assert unreadable == set(kind.get("unreadable", []))
    assert set(found) - unreadable - other_type == set(kind["taken"])


def test_every_kind_is_there() -> None:
    assert {kind["kind"] for kind in KINDS} == set(FieldKind) - {FieldKind.IDENTITY}
