"""Ids that follow from a seed, and the marketplace's own invariants."""

from collections import Counter
from itertools import pairwise

import pytest

from reconciler.sandbox import payments, people, places, settings, shops, trade
from reconciler.sandbox.faults import PLANTED
from reconciler.sandbox.plan import FIXED_RECORDS, Plan
from reconciler.sandbox.planting import RECIPES
from reconciler.sandbox.world import World

pytestmark = pytest.mark.unit


def world(*, seed: int = 7, records: int = 2_000) -> World:
    """A small world."""
    return World(seed=seed, plan=Plan.for_records(records))


def test_ids_follow_from_seed_kind_and_number() -> None:
    one, same, other = world(), world(), world(seed=8)

    assert one.object_id("user", 3) == same.object_id("user", 3)
    assert one.uuid("user", 3) == same.uuid("user", 3)
    assert (
        len({one.object_id("user", 3), other.object_id("user", 3), one.object_id("user", 4), one.object_id("shop", 3)})
        == 4
    )
    assert one.uuid("user", 3).version == 4


def test_the_same_seed_makes_the_same_records() -> None:
    assert list(people.users(world())) == list(people.users(world()))
    assert list(people.users(world())) != list(people.users(world(seed=8)))


@pytest.mark.parametrize("records", [400, 2_000, 30_000])
def test_every_user_with_addresses_has_exactly_one_primary(records: int) -> None:
    small = world(records=records)
    documents = [made.document for made in places.addresses(small) if made.document]
    users = {small.object_id("user", number) for number in range(small.plan.users)}

    assert len(documents) == small.plan.addresses
    assert {document["userId"] for document in documents} <= users
    assert set(Counter(document["userId"] for document in documents if document["isPrimary"]).values()) == {1}
    assert len({document["userId"] for document in documents}) == sum(document["isPrimary"] for document in documents)


def test_emails_are_unique_in_lower_case() -> None:
    emails = [made.document["email"].lower() for made in people.users(world()) if made.document]

    assert len(set(emails)) == len(emails)


def test_levels_meet_and_only_the_last_is_open() -> None:
    rows = [row for made in settings.level_configs(world()) for _, row in made.rows]

    assert all(after["min_points"] == before["max_points"] + 1 for before, after in pairwise(rows))
    assert [row["max_points"] is None for row in rows] == [False] * 7 + [True]


def test_one_category_is_general_and_parents_come_before_their_children() -> None:
    documents = [made.document for made in settings.categories(world()) if made.document]
    places_of = {document["_id"]: place for place, document in enumerate(documents)}

    assert [document["slug"] for document in documents].count("general") == 1
    assert any(document.get("parentId") for document in documents)
    for place, document in enumerate(documents):
        assert document.get("parentId") is None or places_of[document["parentId"]] < place


def test_a_request_selects_an_accepted_offer_of_its_own_and_no_other_is_accepted() -> None:
    offers = {made.document["_id"]: made.document for made in trade.seller_offers(world()) if made.document}
    selected = {
        made.document["_id"]: made.document["selectedOfferId"]
        for made in trade.purchase_requests(world())
        if made.document and made.document.get("selectedOfferId")
    }
    accepted = {offer["purchaseRequestId"]: key for key, offer in offers.items() if offer["status"] == "accepted"}

    assert selected
    assert selected == accepted
    assert sum(offer["status"] == "accepted" for offer in offers.values()) == len(selected)


def test_a_reviewer_reviews_a_request_once() -> None:
    pairs = [
        (made.document["reviewerId"], made.document["purchaseRequestId"])
        for made in shops.reviews(world())
        if made.document and made.document.get("purchaseRequestId")
    ]

    assert pairs
    assert len(set(pairs)) == len(pairs)


def test_older_payments_hold_their_amount_as_text() -> None:
    amounts = [made.document["amount"] for made in payments.payments(world()) if made.document]

    assert any(isinstance(amount, str) for amount in amounts)


@pytest.mark.parametrize("records", [2_000, 5_000, 1_000_000])
def test_a_plan_comes_close_to_the_records_asked_for(records: int) -> None:
    plan = Plan.for_records(records)
    embedded = plan.users * 1.5 + plan.payments * 0.6
    planned = sum(getattr(plan, name) for name in Plan.__slots__)

    assert planned + plan.shops + plan.telegram_links + embedded + FIXED_RECORDS == pytest.approx(records, rel=0.05)


def test_every_fault_has_a_recipe_and_a_label_of_its_own() -> None:
    labels = [fault.label for fault in PLANTED]

    assert sorted(labels) == sorted(RECIPES)
    assert len(set(labels)) == len(labels)
    assert {fault.domain for fault in PLANTED}.isdisjoint({"config", "category", "level_config"})
