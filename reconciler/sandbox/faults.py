"""The labelled faults of the demo: what differs, in how many records, and what a comparison has to say about it."""

from collections.abc import Collection
from dataclasses import dataclass

from reconciler.errors import SandboxUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedFault:
    """One kind of fault; `outcome` and `kind` are words of the contract, `path` is a Mongo name.

    `path` and `kind` are None where the whole record is the fault. `records` is how many records get it. `breaks` is
    the invariant that is violated besides, `needs` the label of a fault that has to be there already, if any.
    """

    label: str
    domain: str
    entity: str
    description: str
    outcome: str
    path: str | None
    kind: str | None
    records: int
    breaks: str | None = None
    needs: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedRecord:
    """One diff that must be found. `key` is spelt as the reports spell it, or only its beginning.

    `is_prefix` says that a secret part follows, shown as a digest that only the install knows; `path` has the indexes.
    """

    label: str
    domain: str
    entity: str
    key: str
    is_prefix: bool
    outcome: str
    path: str | None
    kind: str | None


def _field(
    label: str, place: str, path: str, kind: str, records: int, description: str, *, needs: str | None = None
) -> PlantedFault:
    domain, entity = place.split(".")
    return PlantedFault(
        label=label,
        domain=domain,
        entity=entity,
        description=description,
        outcome="field_mismatch",
        path=path,
        kind=kind,
        records=records,
        needs=needs,
    )


def _record(
    label: str, place: str, outcome: str, records: int, description: str, *, breaks: str | None = None
) -> PlantedFault:
    domain, entity = place.split(".")
    return PlantedFault(
        label=label,
        domain=domain,
        entity=entity,
        description=description,
        outcome=outcome,
        path=None,
        kind=None,
        records=records,
        breaks=breaks,
    )


PLANTED: tuple[PlantedFault, ...] = (
    _field("postal_leading_zero_lost", "address.address", "postalCode", "value", 9, "01234 became 1234"),
    _field(
        "postal_code_as_number", "address.address", "postalCode", "type", 2, "Mongo holds a number where text belongs"
    ),
    _field("city_trailing_space", "address.address", "city", "value", 3, "a blank at the end of the city"),
    _field(
        "created_at_shifted", "address.address", "createdAt", "value", 11, "local time taken for UTC: 3 h 30 min late"
    ),
    _field("line1_truncated", "address.address", "line1", "value", 5, "cut off after 12 characters"),
    _record("address_missing", "address.address", "missing_in_target", 2, "the row was never written"),
    _record("address_deleted_in_mongo", "address.address", "extra_in_target", 1, "deleted in Mongo only"),
    _field("email_not_lowered", "auth.user", "email", "value", 4, "the target kept capital letters"),
    _field("password_hash_differs", "auth.user", "passwordHash", "value", 1, "a password change reached one store"),
    _field("phone_null_for_empty", "auth.user", "profile.phone", "missing_field", 6, "empty text became NULL"),
    _field("updated_at_cut_to_seconds", "auth.user", "updatedAt", "value", 5, "milliseconds were lost"),
    _record("user_without_legacy_id", "auth.user", "key_defect", 1, "born in PostgreSQL, its mirror write failed"),
    _field("passkey_counter_behind", "auth.passkey", "counter", "value", 3, "a sign-in was not mirrored"),
    _record("refresh_token_missing", "auth.refresh_token", "missing_in_target", 2, "a live token has no row"),
    _record("telegram_link_extra", "auth.telegram_link", "extra_in_target", 1, "unlinked in Mongo only"),
    _field("telegram_session_differs", "auth.telegram_session", "data", "value", 1, "a step inside a secret object"),
    _field("attempts_behind", "auth.temp_verification", "attempts", "value", 2, "an attempt was not mirrored"),
    _field(
        "token_row_missing",
        "shop_settings.shop_settings",
        "supportedTokens",
        "missing_field",
        2,
        "the last child row is gone",
    ),
    _field(
        "token_rows_swapped",
        "shop_settings.shop_settings",
        "supportedTokens",
        "order",
        2,
        "two child rows changed places",
    ),
    _field(
        "rails_minimum_differs",
        "shop_settings.shop_settings",
        "paymentRails.crypto.minimum",
        "value",
        3,
        "inside jsonb",
    ),
    _field(
        "rails_key_added", "shop_settings.shop_settings", "paymentRails.cod", "extra_field", 1, "a key only jsonb has"
    ),
    _field("rating_half_lost", "review.review", "rating", "value", 3, "4.5 became 4"),
    _field(
        "comment_decomposed", "review.review", "comment", "value", 4, "the backfill normalized Unicode (NFC to NFD)"
    ),
    _field("reviewer_is_another", "review.review", "reviewerId", "value", 2, "the reference points to another user"),
    _field("seller_row_gone", "review.review", "sellerId", "dangling_reference", 2, "the reference points to no row"),
    _field(
        "reviewer_unmirrored",
        "review.review",
        "reviewerId",
        "dangling_reference",
        1,
        "it points to a row without legacy id",
        needs="user_without_legacy_id",
    ),
    _record("review_legacy_id_null", "review.review", "key_defect", 1, "the row lost its legacy id"),
    _record("review_legacy_id_upper", "review.review", "key_defect", 1, "hex digits in upper case"),
    _record("review_legacy_id_twice", "review.review", "key_defect", 1, "two rows carry one legacy id"),
    _field(
        "spec_value_differs", "marketplace.purchase_request", "specs[].value", "value", 2, "inside the last child row"
    ),
    _field(
        "selected_offer_not_remapped",
        "marketplace.purchase_request",
        "selectedOfferId",
        "missing_field",
        3,
        "the remap after the backfill left it out",
    ),
    _field("price_one_cent_short", "marketplace.seller_offer", "price", "value", 4, "0.58 became 0.57"),
    _field("metadata_value_differs", "payment.payment", "metadata.raw.ok", "value", 1, "deep inside jsonb"),
    _field("escrow_still_held", "payment.payment", "escrow.state", "value", 2, "the release was not mirrored"),
    _field("hash_of_another_payment", "payment.payment", "txHash", "value", 2, "two payments share one transaction"),
    _field("amount_in_minor_units", "payment.payment", "amount", "value", 11, "cents taken for whole units: 100 times"),
    _record("quote_missing", "quote.quote", "missing_in_target", 1, "the payment is there, its quote is not"),
    _record(
        "ledger_entry_missing",
        "funds_ledger.funds_ledger_entry",
        "missing_in_target",
        1,
        "the row was never written, so the sum of its currency is wrong too",
        breaks="equal_sums_per_currency",
    ),
)


def faults_of(domains: Collection[str] | None = None) -> tuple[PlantedFault, ...]:
    """Return the faults of these domains, or all; without those that need a fault of a domain left out.

    Raises SandboxUnavailable for a domain without faults.
    """
    known = {fault.domain for fault in PLANTED}
    wanted = known if domains is None else set(domains)
    if unknown := wanted - known:
        raise SandboxUnavailable(
            "faults cannot be planted",
            expected=f"domains out of {', '.join(sorted(known))}",
            got=", ".join(sorted(unknown)),
            next_step="leave those out",
        )
    labels = {fault.label for fault in PLANTED if fault.domain in wanted}
    return tuple(fault for fault in PLANTED if fault.label in labels and (fault.needs is None or fault.needs in labels))
