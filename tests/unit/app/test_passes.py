"""What a look at an entity counts: canaries in every case, whatever the stores hold."""

import pytest

from reconciler.app.passes import EntityPass
from reconciler.core.model import ObjectIdValue, Outcome, Side
from reconciler.core.outcomes import Judge, Judged
from reconciler.core.pairing import Pair
from reconciler.core.spec import FieldKind
from tests.unit.core_world import ID, entity, field, record

PASSING = entity(field(FieldKind.INSTANT), ttl="it")


def test_where_no_record_matches_the_comparison_is_drilled_all_the_same() -> None:
    found = EntityPass(entity=PASSING, method="stream")
    found.drill()
    planted, caught = found.canaries
    assert planted == caught > 0


def test_a_comparison_that_takes_everything_for_expired_does_not_pass_the_drill(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Judge, "_expired", lambda *_: True)
    found = EntityPass(entity=PASSING, method="stream")
    found.drill()
    planted, caught = found.canaries
    assert planted > caught


def test_where_a_record_matched_nothing_is_drilled_twice() -> None:
    found = EntityPass(entity=PASSING, method="stream")
    left, right = record(PASSING, Side.SOURCE, ObjectIdValue(ID), None), record(PASSING, Side.TARGET, ID, None)
    found.release(Judged(match=Pair(left, right), outcome=Outcome.MATCHED))
    before = found.canaries
    found.drill()
    assert found.canaries == before
