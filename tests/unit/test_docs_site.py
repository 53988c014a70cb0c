"""The site that is built from the pages: its generated parts are all used, and say what the code says."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from reconciler.core.gate import CHECK_ORDER
from reconciler.web.openapi.operations import OPERATIONS

pytestmark = pytest.mark.unit

DOCS = Path(__file__).resolve().parents[2] / "docs"
MARK = re.compile(r"<!-- generated: (.+?) -->")


def script(name: str) -> ModuleType:
    """A script of the documentation, which is no part of a package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


generated = script("generated")


def test_every_part_stands_on_one_page_and_every_mark_has_a_part() -> None:
    marks = [mark for page in sorted(DOCS.rglob("*.md")) for mark in MARK.findall(page.read_text(encoding="utf-8"))]
    assert sorted(marks) == sorted(generated.PARTS)


def test_the_reference_has_every_check_with_its_question() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| `reconciler\.", generated.checks(), re.MULTILINE)
    assert [name for name, _ in rows] == list(CHECK_ORDER)
    assert all(question.startswith(("Whether", "What")) for _, question in rows), rows


def test_the_reference_has_every_operation_once() -> None:
    headings = re.findall(r"^## ([A-Z]+ /\S+)$", generated.api(), re.MULTILINE)
    assert sorted(headings) == sorted(f"{method} {path}" for method, path in OPERATIONS)


def test_examples_of_a_command_are_code_of_their_own() -> None:
    part = generated.commands().partition("\n## reconciler run\n")[2].partition("\n## ")[0]
    assert "\nExamples:\n\n```text\nreconciler run\n" in part
    assert "Exit codes: 0 clean, 1 confirmed diffs, 2 usage or configuration, 3 inconclusive" in part


def test_a_bar_in_a_cell_ends_no_cell() -> None:
    assert generated.table(("a", "b"), [("x|y", "z")]).splitlines()[-1] == r"| x\|y | z |"


def test_the_navigation_follows_the_sections_of_the_index() -> None:
    index = "# Map\n\n[out](../README.md)\n\n## To do\n\n- [one](how/one.md)\n- [again](how/one.md#part)\n- [web](https://x.example/a.md)\n"
    assert re.findall(r":caption: (.+)\n\n(.+?)\n```", generated.contents(index), re.DOTALL) == [("To do", "how/one")]
