"""How the faults of requests, offers, payments, quotes and the ledger are planted."""

from reconciler.sandbox.faults import PlantedFault, PlantedRecord
from reconciler.sandbox.site import Recipe, Site, column, found, missing


async def _quote_missing(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
    """Choose payments without another fault, as a quote goes by the key of its payment."""
    quoted = "exists (select from payment_quotes q where q.payment_id = payments.id)"
    rows = await site.take(fault, table="payments", where=quoted, key="legacy_object_id")
    await site.connection.execute(
        "delete from payment_quotes where payment_id = any($1::uuid[])", [row["id"] for row in rows]
    )
    return [found(fault, row["legacy_object_id"]) for row in rows]


async def _spec_value_differs(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
    """Change the last child row alone; the path tells its place."""
    specified = "exists (select from purchase_request_specs s where s.request_id = purchase_requests.id)"
    rows = await site.take(fault, table="purchase_requests", where=specified, key="legacy_object_id")
    change = (
        "update purchase_request_specs set value = 'other' where request_id = $1 and position = "
        "(select max(position) from purchase_request_specs where request_id = $1) returning position"
    )
    places = [await site.connection.fetchval(change, row["id"]) for row in rows]
    pairs = zip(rows, places, strict=True)
    return [found(fault, row["legacy_object_id"], path=f"specs[{place}].value") for row, place in pairs]


_OTHER_HASH = (
    "(select p.tx_hash from payments p where lower(p.tx_hash) <> lower(payments.tx_hash) "
    "order by p.legacy_object_id limit 1)"
)
TRADE_RECIPES: dict[str, Recipe] = {
    "spec_value_differs": _spec_value_differs,
    "selected_offer_not_remapped": column(
        "purchase_requests", "selected_offer_id = null", "selected_offer_id is not null"
    ),
    "price_one_cent_short": column("seller_offers", "price = price - 0.01", "price > 0.01"),
    "metadata_value_differs": column(
        "payments", "metadata = jsonb_set(metadata, '{raw,ok}', 'false')", "metadata #> '{raw,ok}' = 'true'"
    ),
    "escrow_still_held": column("payments", "escrow_state = 'held'", "escrow_state = 'released'"),
    "hash_of_another_payment": column("payments", f"tx_hash = {_OTHER_HASH}", "tx_hash is not null"),
    "amount_in_minor_units": column("payments", "amount = amount * 100", "amount between 0.01 and 1e15"),
    "quote_missing": _quote_missing,
    "ledger_entry_missing": missing("funds_ledger_entries", "amount <> 0"),
}
