"""Plants the labelled faults into filled stores, each into records of its own, and says which diffs they must give."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
from bson import ObjectId
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from reconciler.errors import SandboxUnavailable
from reconciler.sandbox.faults import PLANTED, PlantedFault, PlantedRecord

_CERTAINLY_LIVE = datetime(2044, 1, 1, tzinfo=UTC)
_UNTIED_ADDRESS = (
    "not is_primary and not exists (select from purchase_requests where delivery_address_id = addresses.id)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """Both stores, and the rows that carry a fault already."""

    database: AsyncDatabase[dict[str, Any]]
    connection: "asyncpg.Connection[asyncpg.Record]"
    taken: set[UUID] = field(default_factory=set)

    async def take(self, fault: PlantedFault, *, table: str, where: str, key: str) -> list[asyncpg.Record]:
        """Return `records` whole rows that meet the condition and carry no fault, first keys first, and mark them."""
        query = f"select * from {table} where ({where}) and id <> all($1::uuid[]) order by {key} limit {fault.records}"
        rows = await self.connection.fetch(query, list(self.taken))
        if len(rows) < fault.records:
            raise SandboxUnavailable(
                f"the fault {fault.label} cannot be planted",
                expected=f"{fault.records} fitting rows of {table}",
                got=str(len(rows)),
                next_step="fill the sandbox with more records (5,000 are enough)",
            )
        self.taken.update(row["id"] for row in rows)
        return rows

    async def live(self, collection: str, path: str = "") -> list[Any]:
        """Return the ids of the documents in which a TTL record is live."""
        return await self.database[collection].distinct("_id", {f"{path}expiresAt": {"$gte": _CERTAINLY_LIVE}})


_Recipe = Callable[[_Site, PlantedFault], Awaitable[list[PlantedRecord]]]


async def plant(*, mongodb_uri: str, pg_url: str, database: str) -> list[PlantedRecord]:
    """Plant every fault of PLANTED into stores that `fill` filled; return each diff that a comparison must find.

    The same data get the same faults. Raises SandboxUnavailable when the data are too few, and what the drivers raise.
    """
    connection = await asyncpg.connect(pg_url)
    try:
        async with AsyncMongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
            site = _Site(database=client[database], connection=connection)
            return [record for fault in PLANTED for record in await RECIPES[fault.label](site, fault)]
    finally:
        await connection.close()


def _column(table: str, change: str, where: str, *, key: str = "legacy_object_id") -> _Recipe:
    """Return a recipe that changes columns of the target's rows."""

    async def recipe(site: _Site, fault: PlantedFault) -> list[PlantedRecord]:
        rows = await site.take(fault, table=table, where=where, key=key)
        await site.connection.execute(
            f"update {table} set {change} where id = any($1::uuid[])", [row["id"] for row in rows]
        )
        return [_found(fault, row[key]) for row in rows]

    return recipe


async def _postal_code_as_number(site: _Site, fault: PlantedFault) -> list[PlantedRecord]:
    rows = await site.take(fault, table="addresses", where="postal_code ~ '^[1-9]'", key="legacy_object_id")
    for row in rows:
        await _set_source(site, "addresses", row, {"postalCode": int(row["postal_code"])})
    return [_found(fault, row["legacy_object_id"]) for row in rows]


async def _address_missing(site: _Site, fault: PlantedFault) -> list[PlantedRecord]:
    rows = await site.take(fault, table="addresses", where=_UNTIED_ADDRESS, key="legacy_object_id")
    await site.connection.execute("delete from addresses where id = any($1::uuid[])", [row["id"] for row in rows])
    return [_found(fault, row["legacy_object_id"]) for row in rows]


async def _address_deleted_in_mongo(site: _Site, fault: PlantedFault) -> list[PlantedRecord]:
    rows = await site.take(fault, table="addresses", where=_UNTIED_ADDRESS, key="legacy_object_id")
    for row in rows:
        await site.database["addresses"].delete_one({"_id": ObjectId(row["legacy_object_id"])})
    return [_found(fault, row["legacy_object_id"]) for row in rows]


async def _user_without_legacy_id(site: _Site, fault: PlantedFault) -> list[PlantedRecord]:
    born = await site.connection.fetchval(
        "insert into users (id, email, first_name, role, status, created_at, updated_at) values "
        "(md5('born here')::uuid, 'born.in.postgres@example.com', 'Nils', 'buyer', 'active', $1, $1) returning id",
        datetime(2026, 5, 1, 12, tzinfo=UTC),
    )
    return [_found(fault, f"id:{born}")]


async def _refresh_token_missing(site: _Site, fault: PlantedFault) -> list[PlantedRecord]:
    """Delete rows of users whose Mongo tokens are all live, so that the record is in scope on both sides."""
    live, dead = await asyncio.gather(
        site.live("users", "refreshTokens."),
        site.database["users"].distinct("_id", {"refreshTokens.expiresAt": {"$lt": _CERTAINLY_LIVE}}),
    )
    users = _texts(set(live) - set(dead))
    mirrored = f"user_id in (select id from users where legacy_object_id in ({users}))"
    where = f"{mirrored} and expires_at >= '{_CERTAINLY_LIVE:%Y-%m-%d}'"
    rows = await site.take(fault, table="refresh_tokens", where=where, key="token_hash")
    await site.connection.execute("delete from refresh_tokens where id = any($1::uuid[])", [row["id"] for row in rows])
    owners = "select legacy_object_id from users where id = $1"
    keys = [await site.connection.fetchval(owners, row["user_id"]) for row in rows]
    return [_found(fault, f"{key}/", is_prefix=True) for key in keys]


async def _telegram_link_extra(site: _Site, fault: PlantedFault) -> list[PlantedRecord]:
    rows = await site.take(fault, table="telegram_links", where="true", key="legacy_object_id")
    for row in rows:
        await site.database["telegramlinks"].delete_one({"_id": ObjectId(row["legacy_object_id"])})
    return [_found(fault, row["legacy_object_id"]) for row in rows]


async def _telegram_session_differs(site: _Site, fault: PlantedFault) -> list[PlantedRecord]:
    live = _texts(await site.live("telegramsessions"))
    where = f"session_key in ({live}) and expires_at >= '{_CERTAINLY_LIVE:%Y-%m-%d}'"
    change = """data = jsonb_set(data, '{step}', '99')"""
    return await _column("telegram_sessions", change, where, key="session_key")(site, fault)


async def _attempts_behind(site: _Site, fault: PlantedFault) -> list[PlantedRecord]:
    live = _texts(await site.live("tempverifications"))
    where = f"legacy_object_id in ({live}) and expires_at >= '{_CERTAINLY_LIVE:%Y-%m-%d}' and attempts > 0"
    return await _column("temp_verifications", "attempts = attempts - 1", where)(site, fault)


async def _token_row_missing(site: _Site, fault: PlantedFault) -> list[PlantedRecord]:
    rows = await site.take(fault, table="shop_settings", where=_tokens_at_least(2), key="legacy_object_id")
    delete = (
        "delete from shop_supported_tokens where shop_id = $1 and position = "
        "(select max(position) from shop_supported_tokens where shop_id = $1) returning position"
    )
    gone = [await site.connection.fetchval(delete, row["id"]) for row in rows]
    pairs = zip(rows, gone, strict=True)
    return [_found(fault, row["legacy_object_id"], path=f"supportedTokens[{place}]") for row, place in pairs]


async def _token_rows_swapped(site: _Site, fault: PlantedFault) -> list[PlantedRecord]:
    rows = await site.take(fault, table="shop_settings", where=_tokens_at_least(2), key="legacy_object_id")
    await site.connection.execute(
        "update shop_supported_tokens one set chain_id = other.chain_id, token_address = other.token_address, "
        "symbol = other.symbol from shop_supported_tokens other where one.shop_id = any($1::uuid[]) "
        "and other.shop_id = one.shop_id and one.position in (0, 1) and other.position = 1 - one.position",
        [row["id"] for row in rows],
    )
    return [_found(fault, row["legacy_object_id"]) for row in rows]


async def _rating_half_lost(site: _Site, fault: PlantedFault) -> list[PlantedRecord]:
    rows = await site.take(fault, table="reviews", where="rating between 1 and 4", key="legacy_object_id")
    for row in rows:
        await _set_source(site, "reviews", row, {"rating": row["rating"] + 0.5})
    return [_found(fault, row["legacy_object_id"]) for row in rows]


def _spoilt_key(change: str, reported: Callable[[asyncpg.Record], str]) -> _Recipe:
    """Return a recipe that spoils a legacy id: the row is a key defect, and its document has no row any more."""

    async def recipe(site: _Site, fault: PlantedFault) -> list[PlantedRecord]:
        rows = await site.take(fault, table="reviews", where="legacy_object_id ~ '[a-f]'", key="legacy_object_id")
        await site.connection.execute(
            f"update reviews set legacy_object_id = {change} where id = any($1::uuid[])", [row["id"] for row in rows]
        )
        return [record for row in rows for record in _defect(fault, reported(row), row["legacy_object_id"])]

    return recipe


async def _legacy_id_twice(site: _Site, fault: PlantedFault) -> list[PlantedRecord]:
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


async def _set_source(site: _Site, collection: str, row: asyncpg.Record, values: dict[str, Any]) -> None:
    await site.database[collection].update_one({"_id": ObjectId(row["legacy_object_id"])}, {"$set": values})


def _tokens_at_least(count: int) -> str:
    return f"{count} <= (select count(*) from shop_supported_tokens t where t.shop_id = shop_settings.id)"


def _texts(keys: Any) -> str:  # noqa: ANN401 - ids of any collection
    """Return the ids as SQL texts; they are the sandbox's own and hold no quotes."""
    return ", ".join(f"'{key}'" for key in sorted(map(str, keys))) or "null"


def _found(fault: PlantedFault, key: str, *, path: str | None = None, is_prefix: bool = False) -> PlantedRecord:
    return PlantedRecord(
        label=fault.label,
        domain=fault.domain,
        entity=fault.entity,
        key=key,
        is_prefix=is_prefix,
        outcome=fault.outcome,
        path=path or fault.path,
        kind=fault.kind,
    )


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
    return [_found(fault, reported), missing]


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
RECIPES: dict[str, _Recipe] = {
    "postal_leading_zero_lost": _column("addresses", "postal_code = substr(postal_code, 2)", "postal_code ~ '^0[1-9]'"),
    "postal_code_as_number": _postal_code_as_number,
    "city_trailing_space": _column("addresses", "city = city || ' '", "city is not null"),
    "created_at_shifted": _column(
        "addresses", "created_at = created_at + interval '3.5 hours'", "created_at > '1970-01-02'"
    ),
    "line1_truncated": _column("addresses", "line1 = left(line1, 12)", "char_length(line1) > 16"),
    "address_missing": _address_missing,
    "address_deleted_in_mongo": _address_deleted_in_mongo,
    "email_not_lowered": _column("users", "email = initcap(email)", "email <> initcap(email)"),
    "password_hash_differs": _column("users", f"password_hash = {_OTHER_LETTER}", "true"),
    "phone_null_for_empty": _column("users", "phone = null", "phone = ''"),
    "updated_at_cut_to_seconds": _column("users", "updated_at = date_trunc('second', updated_at)", _MILLISECONDS_SET),
    "user_without_legacy_id": _user_without_legacy_id,
    "passkey_counter_behind": _column("passkeys", "counter = counter - 1", "counter > 0", key="credential_id"),
    "refresh_token_missing": _refresh_token_missing,
    "telegram_link_extra": _telegram_link_extra,
    "telegram_session_differs": _telegram_session_differs,
    "attempts_behind": _attempts_behind,
    "token_row_missing": _token_row_missing,
    "token_rows_swapped": _token_rows_swapped,
    "rails_minimum_differs": _column(
        "shop_settings", f"payment_rails = {_RAISED_MINIMUM}", "jsonb_typeof(payment_rails) = 'object'"
    ),
    "rails_key_added": _column(
        "shop_settings",
        """payment_rails = payment_rails || '{"cod": true}'""",
        "jsonb_typeof(payment_rails) = 'object'",
    ),
    "rating_half_lost": _rating_half_lost,
    "comment_decomposed": _column("reviews", "comment = normalize(comment, NFD)", "comment <> normalize(comment, NFD)"),
    "reviewer_is_another": _column("reviews", f"reviewer_id = {_OTHER_USER}", "true"),
    "seller_row_gone": _column("reviews", "seller_id = md5('gone' || id::text)::uuid", "true"),
    "reviewer_unmirrored": _column("reviews", f"reviewer_id = {_UNMIRRORED_USER}", "true"),
    "review_legacy_id_null": _spoilt_key("null", lambda row: f"id:{row['id']}"),
    "review_legacy_id_upper": _spoilt_key("upper(legacy_object_id)", lambda row: str(row["legacy_object_id"]).upper()),
    "review_legacy_id_twice": _legacy_id_twice,
}
