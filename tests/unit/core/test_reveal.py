"""What a revealing answer holds: the fields that differ or the one record there is, and never a secret."""

import pytest

from reconciler.core.model import DiffKind, ObjectIdValue, Outcome, Sensitivity, Side
from reconciler.core.outcomes import Judge, Judged
from reconciler.core.pairing import Pair
from reconciler.core.reveal import paths_revealed, revealed
from reconciler.core.spec import FieldKind
from tests.unit.core_world import ID, entity, field, record

pytestmark = pytest.mark.unit

CITY = field(FieldKind.TEXT, path="city")
PHONE = field(FieldKind.TEXT, path="phone", sensitivity=Sensitivity.PII)
CODE = field(FieldKind.TEXT, path="code", sensitivity=Sensitivity.SECRET)
SPEC = entity(CITY, PHONE, CODE)
SOURCE = record(SPEC, Side.SOURCE, ObjectIdValue(ID), "Ulm", "0731 1", "geheim")
TARGET = record(SPEC, Side.TARGET, ID, "Ulm", "0731 2", "anders")


def judged(*, source: bool = True, target: bool = True) -> Judged:
    pair = Pair(source=SOURCE if source else None, target=TARGET if target else None)
    return Judge(SPEC, now_ms=0).outcome(pair)


def test_of_a_pair_only_what_differs_is_revealed_and_a_secret_is_not() -> None:
    fields = revealed(SPEC, judged())
    assert [(one.path, one.source, one.target) for one in fields] == [
        ("phone", "0731 1", "0731 2"),
        ("code", None, None),
    ]
    assert paths_revealed(fields) == ("phone",)


@pytest.mark.parametrize(
    ("source", "kind", "values"),
    [(True, DiffKind.MISSING_FIELD, ("0731 1", None)), (False, DiffKind.EXTRA_FIELD, (None, "0731 2"))],
)
def test_of_a_record_that_stands_alone_all_is_revealed_but_its_secrets(
    source: bool,  # noqa: FBT001 - a case
    kind: DiffKind,
    values: tuple[str | None, str | None],
) -> None:
    found = judged(source=source, target=not source)
    assert found.outcome in (Outcome.MISSING_IN_TARGET, Outcome.EXTRA_IN_TARGET)
    fields = {one.path: one for one in revealed(SPEC, found)}
    assert list(fields) == ["_id", "city", "phone", "code"]
    assert (fields["phone"].source, fields["phone"].target, fields["phone"].kind) == (*values, kind)
    assert (fields["code"].source, fields["code"].target) == (None, None)
    assert "code" not in paths_revealed(tuple(fields.values()))


def test_of_equal_records_nothing_is_revealed() -> None:
    pair = Pair(source=SOURCE, target=record(SPEC, Side.TARGET, ID, "Ulm", "0731 1", "geheim"))
    assert revealed(SPEC, Judge(SPEC, now_ms=0).outcome(pair)) == ()
