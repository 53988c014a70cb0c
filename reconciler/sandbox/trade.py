"""Makes purchase requests with their specs, and the sellers' offers for them."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random

from bson import Int64

from reconciler.sandbox import values, words
from reconciler.sandbox.world import Document, Made, Row, World


def purchase_requests(world: World) -> Iterator[Made]:
    """Yield requests with their specs; every third one selected an offer of its own."""
    dice = world.dice("requests")
    for number in range(world.plan.requests):
        document, row, specs = _request(world, dice, number)
        yield Made(
            collection="purchaserequests",
            document=document,
            rows=(("purchase_requests", row), *specs),
            matched=("purchase_request",),
        )


def seller_offers(world: World) -> Iterator[Made]:
    """Yield offers, dealt out to the requests in turn; the selected ones alone are accepted."""
    dice = world.dice("offers")
    for number in range(world.plan.offers):
        key, created, updated = world.object_id("offer", number), values.moment(dice), values.moment(dice)
        request, seller, price, days = (
            number % world.plan.requests,
            world.seller("offer", number),
            values.cents(dice),
            dice.randrange(1, 40),
        )
        status = (
            "accepted" if world.selected_offer(request) == number else dice.choice(("pending", "rejected", "withdrawn"))
        )
        document: Document = {
            "_id": key,
            "purchaseRequestId": world.object_id("request", request),
            "sellerId": world.object_id("user", seller),
            "price": values.money(dice, price),
            "currency": dice.choice(words.CURRENCIES),
            "status": status,
            "createdAt": created,
            "updatedAt": updated,
        }
        delivery = values.sparse(dice, document, "deliveryDays", values.whole(dice, days))
        row: Row = {
            "id": world.uuid("offer", number),
            "legacy_object_id": str(key),
            "purchase_request_id": world.uuid("request", request),
            "seller_id": world.uuid("user", seller),
            "price": values.at_scale(price, 2),
            "currency": document["currency"],
            "delivery_days": None if delivery is None else days,
            "message": values.sparse(dice, document, "message", words.sentence(dice)),
            "status": status,
            "created_at": values.instant(dice, created),
            "updated_at": values.instant(dice, updated),
        }
        yield Made(
            collection="selleroffers", document=document, rows=(("seller_offers", row),), matched=("seller_offer",)
        )


def _request(world: World, dice: Random, number: int) -> tuple[Document, Row, list[tuple[str, Row]]]:
    key, created, updated = world.object_id("request", number), values.moment(dice), values.moment(dice)
    buyer, category, selected = (
        world.user("buyer", number),
        world.category("request", number),
        world.selected_offer(number),
    )
    document: Document = {
        "_id": key,
        "buyerId": world.object_id("user", buyer),
        "categoryId": world.object_id("category", category),
        "title": f"{dice.choice(words.PRODUCTS)} wanted",
        "status": "matched" if selected is not None else dice.choice(("open", "open", "closed", "draft")),
        "createdAt": created,
        "updatedAt": updated,
        "viewCount": dice.randrange(500),
    }
    if selected is not None:
        document["selectedOfferId"] = world.object_id("offer", selected)
    address = world.pick("delivery", number, world.plan.addresses)
    delivered = values.sparse(dice, document, "deliveryAddressId", world.object_id("address", address), filled=0.7)
    row: Row = {
        "id": world.uuid("request", number),
        "legacy_object_id": str(key),
        "buyer_id": world.uuid("user", buyer),
        "category_id": world.uuid("category", category),
        "title": document["title"],
        "description": values.sparse(dice, document, "description", words.sentence(dice)),
        "status": document["status"],
        "selected_offer_id": None if selected is None else world.uuid("offer", selected),
        "delivery_address_id": world.uuid("address", address) if delivered else None,
        "attachments": values.json_text(dice, values.sparse(dice, document, "attachments", _attachments(dice, number))),
        "created_at": values.instant(dice, created),
        "updated_at": values.instant(dice, updated),
    }
    return document, row | _budget(dice, document), _specs(world, dice, number, document)


def _budget(dice: Random, document: Document) -> Row:
    budget: Document = {}
    low, high = values.cents(dice), values.cents(dice)
    if dice.random() < 0.05:
        low += Decimal("0.005")
    smallest = values.sparse(dice, budget, "min", values.money(dice, low))
    largest = values.sparse(dice, budget, "max", values.money(dice, high))
    currency = values.sparse(dice, budget, "currency", dice.choice(words.CURRENCIES))
    document["budget"] = budget
    return {
        "budget_min": None if smallest is None else values.at_scale(low, 2),
        "budget_max": None if largest is None else values.at_scale(high, 2),
        "budget_currency": currency,
    }


def _specs(world: World, dice: Random, request: int, document: Document) -> list[tuple[str, Row]]:
    chosen = dice.sample(words.SPECS, dice.randrange(4))
    if chosen or dice.random() < 0.3:
        document["specs"] = [{"name": name, "value": value} for name, value in chosen]
    elif dice.random() < 0.5:
        document["specs"] = None
    return [
        (
            "purchase_request_specs",
            {"request_id": world.uuid("request", request), "position": place, "name": name, "value": value},
        )
        for place, (name, value) in enumerate(chosen)
    ]


def _attachments(dice: Random, number: int) -> list[Document]:
    return [
        {
            "url": f"https://cdn.example.com/r/{number}/{index}.jpg",
            "size": Int64(2**40 + index),
            "at": values.moment(dice),
            "note": None,
        }
        for index in range(dice.randrange(3))
    ]
