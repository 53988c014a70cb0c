"""References that lead nowhere, told apart: also in child rows, and where another table has the row."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.app.references import spec_at
from reconciler.core.compare import compare
from reconciler.core.model import (
    ChildRow,
    DanglingReason,
    DanglingReference,
    ObjectIdValue,
    ResolvedReference,
    Sensitivity,
    Side,
)
from reconciler.core.spec import ChildTable, FieldKind, FieldSpec
from tests.unit.core_world import ID, entity, field, record

pytestmark = pytest.mark.unit
PART = FieldSpec(
    path="maker.id", kind=FieldKind.REFERENCE, column="maker_id", refers_to="user", sensitivity=Sensitivity.PLAIN
)
PARTS = ChildTable(table="parts", parent_column="parent_id", position_column="position", fields=(PART,))
SPEC = entity(field(FieldKind.REFERENCE), field(FieldKind.CHILDREN, path="parts", children=PARTS))


def test_a_diff_inside_a_child_row_is_about_the_field_of_the_row() -> None:
    source = record(SPEC, Side.SOURCE, ObjectIdValue(ID), ObjectIdValue(ID), [{"maker": {"id": ObjectIdValue(ID)}}])
    rows = (ChildRow(0, (ResolvedReference("0b" * 12),)), ChildRow(1, (None,)))
    target = record(SPEC, Side.TARGET, ID, ResolvedReference("0b" * 12), rows)
    found = {diff.path: spec_at(SPEC, diff) for diff in compare(SPEC, source=source, target=target)}
    assert found == {"it": SPEC.field("it"), "parts[0].maker.id": PART, "parts[1]": None}


def test_the_table_that_has_the_row_is_named_and_changes_no_equality() -> None:
    lost = DanglingReference(DanglingReason.NO_ROW, "uuid")
    known: Mapping[str, Any] = {"elsewhere": "public.addresses"}
    told = replace(lost, **known)
    assert told == lost
    assert told.told == "the column points to no row: it is a row of public.addresses"
    unnamed: Sequence[str] = (lost.told, DanglingReason.NO_ROW.value)
    assert unnamed[0] == unnamed[1]
