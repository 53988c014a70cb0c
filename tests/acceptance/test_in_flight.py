"""A writer at work: what is only late is never called different, and how much was late is told."""

import pytest

from tests.acceptance.command import CommandLine, entities
from tests.acceptance.dual_writer import restless_row, writing
from tests.acceptance.live import Shop

pytestmark = pytest.mark.acceptance
PATIENT = {"RECONCILER_RUNS__CONFIRM_AFTER": "5s", "RECONCILER_RUNS__GIVE_UP_AFTER": "60s"}
DOMAINS = ("auth", "address", "funds_ledger")


def test_late_writes_are_cleared_and_nothing_is_confirmed(shop: Shop, reconciler: CommandLine) -> None:
    patient = reconciler.given(**PATIENT)
    with writing(shop):
        first = patient.run(*DOMAINS, code=0)
        second = patient.run(*DOMAINS, code=0)

    for run in (first, second):
        assert run["verdict"] == "clean"
        found = entities(run)
        assert found["address"]["cleared"] > 0
        assert found["user"]["cleared"] > 0
        for one in found.values():
            assert sum(one["outcomes"].values()) == one["seen"]
    assert [diff for diff in patient.diffs() if diff["state"] != "cleared"] == []


def test_after_the_writes_both_sides_agree_to_the_record(shop: Shop, reconciler: CommandLine) -> None:
    with writing(shop):
        pass
    found = entities(reconciler.run(*DOMAINS, code=0))

    assert found["address"]["cleared"] == found["user"]["cleared"] == 0
    assert found["address"]["outcomes"]["matched"] == shop.mongo["addresses"].count_documents({})
    assert found["address"]["source_records"] > shop.summary.matched["address"]


def test_a_true_difference_is_found_among_the_late_ones(shop: Shop, reconciler: CommandLine) -> None:
    key = shop.keys("reviews")[3]
    shop.set_target("reviews", key, comment="a difference that stays")
    address = shop.keys("addresses")[5]
    shop.set_target("addresses", address, city="Elsewhere")
    with writing(shop):
        run = reconciler.given(**PATIENT | {"RECONCILER_RUNS__CONFIRM_AFTER": "2s"}).run("address", "review", code=1)

    confirmed = {diff["key"] for diff in reconciler.diffs("--state", "confirmed")}
    assert key in confirmed
    assert confirmed <= {key, address}
    assert entities(run)["address"]["cleared"] > 0


def test_a_record_that_never_rests_is_unconfirmed_and_the_run_inconclusive(shop: Shop, reconciler: CommandLine) -> None:
    key = shop.keys("addresses")[0]
    restless = reconciler.given(RECONCILER_RUNS__CONFIRM_AFTER="3s", RECONCILER_RUNS__GIVE_UP_AFTER="4s")
    with restless_row(shop, key):
        run = restless.run("address", code=3)

    assert run["verdict"] == "inconclusive"
    (diff,) = reconciler.diffs()
    assert (diff["key"], diff["state"]) == (key, "unconfirmed")
    assert entities(run)["address"]["outcomes"]["field_mismatch"] == 1
