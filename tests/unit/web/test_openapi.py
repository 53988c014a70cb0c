"""The OpenAPI document against the routes, the rights, the contract's schemas and the rules of JSON Schema."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.web.openapi.document import openapi_document
from reconciler.web.openapi.operations import OPERATIONS
from reconciler.web.openapi.schemas import SCHEMAS
from reconciler.web.rights import RIGHTS

pytestmark = pytest.mark.unit

CONTRACT = Path(__file__).resolve().parents[2] / "schemas"
PROBES = ("/livez", "/readyz", "/openapi.json")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(openapi_document(dict.fromkeys(OPERATIONS, "said"), version="1")))
    return made


def test_every_address_for_machines_is_an_operation_and_every_operation_an_address() -> None:
    machines = {route for route in RIGHTS if route[1].startswith("/api/") or route[1] in PROBES}
    assert set(OPERATIONS) == machines


def test_what_takes_a_right_says_so_and_asks_for_a_token(document: dict[str, Any]) -> None:
    for (method, path), right in RIGHTS.items():
        if (method, path) in OPERATIONS:
            told = document["paths"][path][method.lower()]
            assert (told["x-right"], told["security"]) == ((right.value, [{"token": []}]) if right else (None, []))


def test_names_of_operations_are_their_own(document: dict[str, Any]) -> None:
    names = [told["operationId"] for path in document["paths"].values() for told in path.values()]
    assert len(set(names)) == len(names)


def test_every_schema_is_one_and_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in references(document):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


def references(node: object) -> Iterator[str]:
    """Every `$ref` below a node."""
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "$ref")
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from references(each)


def test_every_schema_is_used(document: dict[str, Any]) -> None:
    used = {reference.rpartition("/")[2] for reference in references(document)}
    assert set(document["components"]["schemas"]) - used == set()


@pytest.mark.parametrize(("file", "name"), [("run", "Run"), ("gate", "Gate"), ("diff", "Diff")])
def test_what_the_contract_promises_is_promised_here(file: str, name: str) -> None:
    promised = json.loads((CONTRACT / f"{file}.schema.json").read_text(encoding="utf-8"))
    given: Any = SCHEMAS[name]
    assert set(promised["required"]) <= set(given["required"])
    for inner, ours in {"check": "Check", "field": "Field", "entity": "Entity", "cluster": "Cluster"}.items():
        shape: Any = SCHEMAS[ours]
        assert set(promised.get("$defs", {}).get(inner, {}).get("required", [])) <= set(shape["required"])
    if "run" in promised.get("$defs", {}):
        head: Any = SCHEMAS["RunHead"]
        assert set(promised["$defs"]["run"]["required"]) <= set(head["required"])


def test_words_are_those_of_the_contract() -> None:
    gate = json.loads((CONTRACT / "gate.schema.json").read_text(encoding="utf-8"))
    given: Any = SCHEMAS["Gate"]
    assert sorted(given["properties"]["verdict"]["enum"]) == sorted(gate["properties"]["verdict"]["enum"])
