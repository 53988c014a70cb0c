"""Makes shop settings with their supported tokens, and reviews."""

from collections.abc import Iterator
from random import Random

from reconciler.sandbox import values, words
from reconciler.sandbox.plan import SHOP_EVERY
from reconciler.sandbox.world import Document, Made, Row, World

_TOKENS = ((1, "USDT"), (1, "USDC"), (56, "BUSD"), (137, "USDC"), (728_126_428, "USDT"))


def shop_settings(world: World) -> Iterator[Made]:
    """Yield the settings of every shop and the rows of its tokens."""
    dice = world.dice("shops")
    for number in range(world.plan.shops):
        key, seller, created, updated = (
            world.object_id("shop", number),
            number * SHOP_EVERY,
            values.moment(dice),
            values.moment(dice),
        )
        name, reviews = f"{dice.choice(words.NATIVE_NAMES)} – {dice.choice(words.PRODUCTS)}", dice.random() < 0.7
        document: Document = {
            "_id": key,
            "sellerId": world.object_id("user", seller),
            "shopName": name,
            "reviewsEnabled": reviews,
            "createdAt": created,
            "updatedAt": updated,
            "vacationMode": False,
        }
        tokens, token_rows = _tokens(world, dice, number)
        if tokens or dice.random() < 0.3:
            document["supportedTokens"] = tokens or dice.choice(([], None))
        rails = values.sparse(dice, document, "paymentRails", _rails(dice), filled=0.9)
        row: Row = {
            "id": world.uuid("shop", number),
            "legacy_object_id": str(key),
            "seller_id": world.uuid("user", seller),
            "shop_name": name,
            "description": values.sparse(dice, document, "description", words.sentence(dice)),
            "reviews_enabled": reviews,
            "payment_rails": values.json_text(dice, rails),
            "created_at": values.instant(dice, created),
            "updated_at": values.instant(dice, updated),
        }
        yield Made(
            collection="shopsettings",
            document=document,
            rows=(("shop_settings", row), *token_rows),
            matched=("shop_settings",),
        )


def reviews(world: World) -> Iterator[Made]:
    """Yield reviews: each of the first ones on a request of its own, the others on none."""
    dice = world.dice("reviews")
    for number in range(world.plan.reviews):
        document, row = _review(world, dice, number)
        yield Made(collection="reviews", document=document, rows=(("reviews", row),), matched=("review",))


def _rails(dice: Random) -> Document:
    return {
        "crypto": {"enabled": True, "minimum": dice.randrange(100), "fee": dice.choice((1.5, 2.0, 0.1))},
        "card": dice.random() < 0.5,
        "cash": None,
        "order": ["crypto", "card"],
    }


def _tokens(world: World, dice: Random, shop: int) -> tuple[list[Document], list[tuple[str, Row]]]:
    tokens: list[Document] = []
    rows: list[tuple[str, Row]] = []
    for position, (chain, symbol) in enumerate(dice.sample(_TOKENS, dice.choice((0, 1, 2, 3, 4)))):
        address = values.wallet(dice)
        tokens.append({"chainId": values.whole(dice, chain), "tokenAddress": address, "symbol": symbol, "decimals": 6})
        row: Row = {
            "shop_id": world.uuid("shop", shop),
            "position": position,
            "chain_id": chain,
            "token_address": values.recased(dice, address),
            "symbol": symbol,
        }
        rows.append(("shop_supported_tokens", row))
    return tokens, rows


def _review(world: World, dice: Random, number: int) -> tuple[Document, Row]:
    key, created, updated = world.object_id("review", number), values.moment(dice), values.moment(dice)
    seller, reviewer, rating = world.seller("review seller", number), world.user("reviewer", number), dice.randint(1, 5)
    document: Document = {
        "_id": key,
        "sellerId": world.object_id("user", seller),
        "reviewerId": world.object_id("user", reviewer),
        "rating": values.whole(dice, rating),
        "isAnonymous": dice.random() < 0.2,
        "createdAt": created,
        "updatedAt": updated,
    }
    asked = number < world.plan.requests and number % 4 != 3
    if asked or dice.random() < 0.5:
        document["purchaseRequestId"] = world.object_id("request", number) if asked else None
    row: Row = {
        "id": world.uuid("review", number),
        "legacy_object_id": str(key),
        "seller_id": world.uuid("user", seller),
        "reviewer_id": world.uuid("user", reviewer),
        "purchase_request_id": world.uuid("request", number) if asked else None,
        "rating": rating,
        "comment": values.sparse(dice, document, "comment", words.sentence(dice), filled=0.9),
        "is_anonymous": document["isAnonymous"],
        "created_at": values.instant(dice, created),
        "updated_at": values.instant(dice, updated),
    }
    return document, row | _response(dice, document)


def _response(dice: Random, document: Document) -> Row:
    response: Document = {}
    text = values.sparse(dice, response, "text", words.sentence(dice), filled=0.5)
    answered = values.sparse(dice, response, "respondedAt", values.moment(dice), filled=0.5)
    if response or dice.random() < 0.3:
        document["response"] = response or None
    return {"response_text": text, "responded_at": values.instant(dice, answered)}
