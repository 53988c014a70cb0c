"""The version that evidence is tied to covers every module that a run or a gate is made of."""

import grimp
import pytest

from reconciler.adapters.code_version import PACKAGE, code_version, judging

pytestmark = pytest.mark.unit

MADE_OF = (
    "reconciler.app.runs",
    "reconciler.app.verdicts",
    "reconciler.adapters.mongo.reader",
    "reconciler.adapters.postgres.reader",
)
NO_PROOF = {"reconciler.errors", "reconciler.adapters.hosts"}
"""What can go wrong, and which hosts may be asked: neither says anything about a record."""


def test_the_version_covers_what_reads_compares_and_judges() -> None:
    graph = grimp.build_graph("reconciler")
    needed = {name for made in MADE_OF for name in (made, *graph.find_upstream_modules(made))} - NO_PROOF
    found = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in judging()}
    assert needed - found == set()


def test_the_version_is_spelled_with_its_digest() -> None:
    number, _, digest = code_version().partition("+")
    assert number.count(".") == 2
    assert len(digest) == 12
