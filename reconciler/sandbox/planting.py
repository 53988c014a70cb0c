"""Plants the labelled faults into filled stores, each into records of its own, and says which diffs they must give."""

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

import asyncpg
from bson import ObjectId
from pymongo import AsyncMongoClient

from reconciler.sandbox.faults import PlantedFault, PlantedRecord, faults_of
from reconciler.sandbox.site import CERTAINLY_LIVE, Recipe, Site, column, found, missing, set_source
from reconciler.sandbox.trade_recipes import TRADE_RECIPES

_UNTIED_ADDRESS = (
    "not is_primary and not exists (select from purchase_requests where delivery_address_id = addresses.id)"
)


async def plant(
    *, mongodb_uri: str, pg_url: str, database: str, domains: Collection[str] | None = None
) -> list[PlantedRecord]:
    """Plant `faults_of(domains)` into stores that `fill` filled; return each diff that a comparison must find.

    The same data get the same faults. Raises SandboxUnavailable when the data are too few or a domain has no fault,
    and what the drivers raise.
    """
    faults = faults_of(domains)
    connection = await asyncpg.connect(pg_url)
    try:
        async with AsyncMongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
            site = Site(database=client[database], connection=connection)
            return [record for fault in faults for record in await RECIPES[fault.label](site, fault)]
    finally:
        await connection.close()


async def _postal_code_as_number(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
    rows = await site.take(fault, table="addresses", where="postal_code ~ '^[1-9]'", key="legacy_object_id")
    for row in rows:
        await set_source(site, "addresses", row, {"postalCode": int(row["postal_code"])})
    return [found(fault, row["legacy_object_id"]) for row in rows]


async def _address_deleted_in_mongo(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
    rows = await site.take(fault, table="addresses", where=_UNTIED_ADDRESS, key="legacy_object_id")
    for row in rows:
        await site.database["addresses"].delete_one({"_id": ObjectId(row["legacy_object_id"])})
    return [found(fault, row["legacy_object_id"]) for row in rows]


async def _user_without_legacy_id(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
    born = await site.connection.fetchval(
        "insert into users (id, email, first_name, role, status, created_at, updated_at) values "
        "(md5('born here')::uuid, 'born.in.postgres@example.com', 'Nils', 'buyer', 'active', $1, $1) returning id",
        datetime(2026, 5, 1, 12, tzinfo=UTC),
    )
    return [found(fault, f"id:{born}")]


async def _refresh_token_missing(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
    """Delete rows of users whose Mongo tokens are all live, so that the record is in scope on both sides."""
    live, dead = await asyncio.gather(
        site.live("users", "refreshTokens."),
        site.database["users"].distinct("_id", {"refreshTokens.expiresAt": {"$lt": CERTAINLY_LIVE}}),
    )
    users = _texts(set(live) - set(dead))
    mirrored = f"user_id in (select id from users where legacy_object_id in ({users}))"
    where = f"{mirrored} and expires_at >= '{CERTAINLY_LIVE:%Y-%m-%d}'"
    rows = await site.take(fault, table="refresh_tokens", where=where, key="token_hash")
    await site.connection.execute("delete from refresh_tokens where id = any($1::uuid[])", [row["id"] for row in rows])
    owners = "select legacy_object_id from users where id = $1"
    keys = [await site.connection.fetchval(owners, row["user_id"]) for row in rows]
    return [found(fault, f"{key}/", is_prefix=True) for key in keys]


async def _telegram_link_extra(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
    rows = await site.take(fault, table="telegram_links", where="true", key="legacy_object_id")
    for row in rows:
        await site.database["telegramlinks"].delete_one({"_id": ObjectId(row["legacy_object_id"])})
    return [found(fault, row["legacy_object_id"]) for row in rows]


async def _telegram_session_differs(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
    live = _texts(await site.live("telegramsessions"))
    where = f"session_key in ({live}) and expires_at >= '{CERTAINLY_LIVE:%Y-%m-%d}'"
    change = """data = jsonb_set(data, '{step}', '99')"""
    return await column("telegram_sessions", change, where, key="session_key")(site, fault)


async def _attempts_behind(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
    live = _texts(await site.live("tempverifications"))
    where = f"legacy_object_id in ({live}) and expires_at >= '{CERTAINLY_LIVE:%Y-%m-%d}' and attempts > 0"
    return await column("temp_verifications", "attempts = attempts - 1", where)(site, fault)


async def _token_row_missing(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
    rows = await site.take(fault, table="shop_settings", where=_tokens_at_least(2), key="legacy_object_id")
    delete = (
        "delete from shop_supported_tokens where shop_id = $1 and position = "
        "(select max(position) from shop_supported_tokens where shop_id = $1) returning position"
    )
    gone = [await site.connection.fetchval(delete, row["id"]) for row in rows]
    pairs = zip(rows, gone, strict=True)
    return [found(fault, row["legacy_object_id"], path=f"supportedTokens[{place}]") for row, place in pairs]


async def _token_rows_swapped(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
    rows = await site.take(fault, table="shop_settings", where=_tokens_at_least(2), key="legacy_object_id")
    await site.connection.execute(
        "update shop_supported_tokens one set chain_id = other.chain_id, token_address = other.token_address, "
        "symbol = other.symbol from shop_supported_tokens other where one.shop_id = any($1::uuid[]) "
        "and other.shop_id = one.shop_id and one.position in (0, 1) and other.position = 1 - one.position",
        [row["id"] for row in rows],
    )
    return [found(fault, row["legacy_object_id"]) for row in rows]


async def _rating_half_lost(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
    rows = await site.take(fault, table="reviews", where="rating between 1 and 4", key="legacy_object_id")
    for row in rows:
        await set_source(site, "reviews", row, {"rating": row["rating"] + 0.5})
    return [found(fault, row["legacy_object_id"]) for row in rows]


def _spoilt_key(change: str, reported: Callable[[asyncpg.Record], str]) -> Recipe:
    """Return a recipe that spoils a legacy id: the row is a key defect, and its document has no row any more."""

    async def recipe(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
        rows = await site.take(fault, table="reviews", where="legacy_object_id ~ '[a-f]'", key="legacy_object_id")
        await site.connection.execute(
            f"update reviews set legacy_object_id = {change} where id = any($1::uuid[])", [row["id"] for row in rows]
        )
        return [record for row in rows for record in _defect(fault, reported(row), row["legacy_object_id"])]

    return recipe


async def _legacy_id_twice(site: Site, fault: PlantedFault) -> list[PlantedRecord]:
    """Drop the unique index, as nothing guarantees it, and write a second row with the same legacy id."""
    rows = await site.take(fault, table="reviews", where="true", key="legacy_object_id")
    await site.connection.execute(
        "drop index reviews_legacy; create index reviews_legacy on reviews (legacy_object_id)"
    )
    for row in rows:
        await site.connection.execute(
            "insert into reviews select (jsonb_populate_record(r, jsonb_build_object("
            "'id', md5(r.id::text), 'purchase_request_id', null))).* from reviews r where id = $1",
            row["id"],
        )
    return [record for row in rows for record in _defect(fault, row["legacy_object_id"], row["legacy_object_id"])]


def _tokens_at_least(count: int) -> str:
    return f"{count} <= (select count(*) from shop_supported_tokens t where t.shop_id = shop_settings.id)"


def _texts(keys: Any) -> str:  # noqa: ANN401 - ids of any collection
    """Return the ids as SQL texts; they are the sandbox's own and hold no quotes."""
    return ", ".join(f"'{key}'" for key in sorted(map(str, keys))) or "null"


def _defect(fault: PlantedFault, reported: str, document: str) -> list[PlantedRecord]:
    missing = PlantedRecord(
        label=fault.label,
        domain=fault.domain,
        entity=fault.entity,
        key=document,
        is_prefix=False,
        outcome="missing_in_target",
        path=None,
        kind=None,
    )
    return [found(fault, reported), missing]


_OTHER_USER = (
    "(select id from users u where u.id <> reviews.reviewer_id and legacy_object_id is not null order by id limit 1)"
)
_UNMIRRORED_USER = "(select id from users where legacy_object_id is null)"
_MILLISECONDS_SET = (
    "date_trunc('milliseconds', updated_at) > date_trunc('second', updated_at) and updated_at > '1970-01-02'"
)
_OTHER_LETTER = "left(password_hash, -1) || case right(password_hash, 1) when 'a' then 'b' else 'a' end"
_RAISED_MINIMUM = (
    "jsonb_set(payment_rails, '{crypto,minimum}', to_jsonb((payment_rails #>> '{crypto,minimum}')::numeric + 1000))"
)
RECIPES: dict[str, Recipe] = {
    "postal_leading_zero_lost": column("addresses", "postal_code = substr(postal_code, 2)", "postal_code ~ '^0[1-9]'"),
    "postal_code_as_number": _postal_code_as_number,
    "city_trailing_space": column("addresses", "city = city || ' '", "city is not null"),
    "created_at_shifted": column(
        "addresses", "created_at = created_at + interval '3.5 hours'", "created_at > '1970-01-02'"
    ),
    "line1_truncated": column("addresses", "line1 = left(line1, 12)", "char_length(line1) > 16"),
    "address_missing": missing("addresses", _UNTIED_ADDRESS),
    "address_deleted_in_mongo": _address_deleted_in_mongo,
    "email_not_lowered": column("users", "email = initcap(email)", "email <> initcap(email)"),
    "password_hash_differs": column("users", f"password_hash = {_OTHER_LETTER}", "true"),
    "phone_null_for_empty": column("users", "phone = null", "phone = ''"),
    "updated_at_cut_to_seconds": column("users", "updated_at = date_trunc('second', updated_at)", _MILLISECONDS_SET),
    "user_without_legacy_id": _user_without_legacy_id,
    "passkey_counter_behind": column("passkeys", "counter = counter - 1", "counter > 0", key="credential_id"),
    "refresh_token_missing": _refresh_token_missing,
    "telegram_link_extra": _telegram_link_extra,
    "telegram_session_differs": _telegram_session_differs,
    "attempts_behind": _attempts_behind,
    "token_row_missing": _token_row_missing,
    "token_rows_swapped": _token_rows_swapped,
    "rails_minimum_differs": column(
        "shop_settings", f"payment_rails = {_RAISED_MINIMUM}", "jsonb_typeof(payment_rails) = 'object'"
    ),
    "rails_key_added": column(
        "shop_settings",
        """payment_rails = payment_rails || '{"cod": true}'""",
        "jsonb_typeof(payment_rails) = 'object'",
    ),
    "rating_half_lost": _rating_half_lost,
    "comment_decomposed": column("reviews", "comment = normalize(comment, NFD)", "comment <> normalize(comment, NFD)"),
    "reviewer_is_another": column("reviews", f"reviewer_id = {_OTHER_USER}", "true"),
    "seller_row_gone": column("reviews", "seller_id = md5('gone' || id::text)::uuid", "true"),
    "reviewer_unmirrored": column("reviews", f"reviewer_id = {_UNMIRRORED_USER}", "true"),
    "review_legacy_id_null": _spoilt_key("null", lambda row: f"id:{row['id']}"),
    "review_legacy_id_upper": _spoilt_key("upper(legacy_object_id)", lambda row: str(row["legacy_object_id"]).upper()),
    "review_legacy_id_twice": _legacy_id_twice,
    **TRADE_RECIPES,
}
