"""Makes payments with their embedded quotes, and the entries of the funds ledger."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from reconciler.sandbox import values, words
from reconciler.sandbox.world import Document, Made, Row, World

_CHAINS = (1, 56, 137, 728_126_428)


def payments(world: World) -> Iterator[Made]:
    """Yield payments, more than half of them with an embedded quote."""
    dice = world.dice("payments")
    for number in range(world.plan.payments):
        document, row = _payment(world, dice, number)
        quoted = dice.random() < 0.6
        quote_rows = (("payment_quotes", _quote(world, dice, number, document)),) if quoted else ()
        yield Made(
            collection="payments",
            document=document,
            rows=(("payments", row), *quote_rows),
            matched=("payment", *(("quote",) if quoted else ())),
        )


def funds_ledger_entries(world: World) -> Iterator[Made]:
    """Yield ledger entries, dealt out to the payments in turn."""
    dice = world.dice("ledger")
    for number in range(world.plan.ledger_entries):
        key, payment, amount, created = (
            world.object_id("entry", number),
            number % world.plan.payments,
            _amount(dice),
            values.moment(dice),
        )
        kind, currency = dice.choice(("hold", "release", "fee", "refund")), dice.choice(words.CURRENCIES)
        signed = -amount if kind in ("release", "fee") else amount
        document: Document = {
            "_id": key,
            "paymentId": world.object_id("payment", payment),
            "type": kind,
            "amount": values.money(dice, signed),
            "currency": currency,
            "idempotencyKey": f"{kind}:{number}",
            "createdAt": created,
        }
        row: Row = {
            "id": world.uuid("entry", number),
            "legacy_object_id": str(key),
            "payment_id": world.uuid("payment", payment),
            "type": kind,
            "amount": values.at_scale(signed, 18),
            "currency": currency,
            "idempotency_key": f"{kind}:{number}",
            "created_at": values.instant(dice, created),
        }
        yield Made(
            collection="fundsledgerentries",
            document=document,
            rows=(("funds_ledger_entries", row),),
            matched=("funds_ledger_entry",),
        )


def _payment(world: World, dice: Random, number: int) -> tuple[Document, Row]:
    request = number * 3 % world.plan.requests
    offer, buyer, seller = world.selected_offer(request), world.user("buyer", request), world.seller("payment", number)
    key, amount, created, updated = (
        world.object_id("payment", number),
        _amount(dice),
        values.moment(dice),
        values.moment(dice),
    )
    chain = dice.choice(_CHAINS)
    document: Document = {
        "_id": key,
        "buyerId": world.object_id("user", buyer),
        "sellerId": world.object_id("user", seller),
        "purchaseRequestId": world.object_id("request", request),
        "sellerOfferId": None if offer is None else world.object_id("offer", offer),
        "amount": values.money(dice, amount),
        "currency": dice.choice(words.CURRENCIES),
        "status": dice.choice(("pending", "paid", "failed", "refunded")),
        "provider": dice.choice(("onchain", "gateway")),
        "chainId": values.whole(dice, chain),
        "createdAt": created,
        "updatedAt": updated,
    }
    row: Row = {
        "id": world.uuid("payment", number),
        "legacy_object_id": str(key),
        "buyer_id": world.uuid("user", buyer),
        "seller_id": world.uuid("user", seller),
        "purchase_request_id": world.uuid("request", request),
        "seller_offer_id": None if offer is None else world.uuid("offer", offer),
        "amount": values.at_scale(amount, 18),
        "currency": document["currency"],
        "status": document["status"],
        "provider": document["provider"],
        "chain_id": chain,
        "created_at": values.instant(dice, created),
        "updated_at": values.instant(dice, updated),
    }
    return document, row | _settlement(dice, document)


def _settlement(dice: Random, document: Document) -> Row:
    escrow: Document = {}
    state = values.sparse(dice, escrow, "state", dice.choice(("held", "released")))
    released = values.sparse(dice, escrow, "releasedAt", values.moment(dice), filled=0.5)
    if escrow:
        document["escrow"] = escrow
    transaction = values.sparse(dice, document, "txHash", f"0x{values.hexadecimal(dice, 64).upper()}")
    return {
        "tx_hash": values.recased(dice, transaction),
        "escrow_state": state,
        "escrow_released_at": values.instant(dice, released),
        "metadata": values.json_text(dice, values.sparse(dice, document, "metadata", _metadata(dice))),
    }


def _metadata(dice: Random) -> Any:  # noqa: ANN401 - a mixed field
    return dice.choice(
        ({"ip": "192.0.2.1", "retries": 2.0, "raw": {"ok": True, "codes": [1, None]}}, "manual", 17, [], {}, False)
    )


def _quote(world: World, dice: Random, number: int, document: Document) -> Row:
    rate, base, quoted, made = _amount(dice), _amount(dice), _amount(dice), values.moment(dice)
    expires = made + timedelta(minutes=15)
    document["quote"] = {
        "baseCurrency": "USDT",
        "quoteCurrency": "IRR",
        "rate": values.money(dice, rate),
        "baseAmount": values.money(dice, base),
        "quoteAmount": values.money(dice, quoted),
        "oracle": "median-of-5",
        "quotedAt": made,
        "expiresAt": expires,
    }
    return {
        "id": world.uuid("quote", number),
        "payment_id": world.uuid("payment", number),
        "base_currency": "USDT",
        "quote_currency": "IRR",
        "rate": values.at_scale(rate, 18),
        "base_amount": values.at_scale(base, 18),
        "quote_amount": values.at_scale(quoted, 18),
        "oracle": "median-of-5",
        "quoted_at": values.instant(dice, made),
        "expires_at": values.instant(dice, expires),
    }


def _amount(dice: Random) -> Decimal:
    return dice.choice(
        (
            Decimal(dice.randrange(10**33)).scaleb(-18),
            values.cents(dice),
            Decimal("1E-18"),
            Decimal("0.1"),
            Decimal(1000),
        )
    )
