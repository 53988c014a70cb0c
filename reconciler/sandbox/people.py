"""Makes the auth domain: users with refresh tokens and passkeys, Telegram links and sessions, verifications."""

from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Any

from bson import Binary, Int64

from reconciler.sandbox import values, words
from reconciler.sandbox.plan import TELEGRAM_EVERY
from reconciler.sandbox.world import Document, Made, Row, World

_TRANSPORTS = ("usb", "nfc", "ble", "internal", "hybrid")
_AGENTS = ("Mozilla/5.0 (X11; Linux x86_64)", "okhttp/4.12.0", "MarketApp/3.1 (iPhone; iOS 18.1)", "", "مرورگر")
_HASH_LETTERS = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def users(world: World) -> Iterator[Made]:
    """Yield every user with what is embedded in it."""
    dice = world.dice("users")
    for number in range(world.plan.users):
        document, row = _user(world, dice, number)
        tokens, token_rows, scopes = _refresh_tokens(world, dice, number)
        passkeys, passkey_rows = _passkeys(world, dice, number)
        _embed(dice, document, "refreshTokens", tokens)
        _embed(dice, document, "passkeys", passkeys)
        yield Made(
            collection="users",
            document=document,
            rows=(("users", row), *token_rows, *passkey_rows),
            matched=("user", *("refresh_token" for live in scopes if live), *("passkey" for _ in passkeys)),
            out_of_scope=tuple("refresh_token" for live in scopes if not live),
        )


def telegram_links(world: World) -> Iterator[Made]:
    """Yield the link of every third user."""
    dice = world.dice("telegram links")
    for number in range(world.plan.telegram_links):
        key, user, linked = world.object_id("link", number), number * TELEGRAM_EVERY, values.moment(dice)
        document: Document = {
            "_id": key,
            "userId": world.object_id("user", user),
            "telegramId": Int64(telegram_id(user)),
            "linkedAt": linked,
        }
        row: Row = {
            "id": world.uuid("link", number),
            "legacy_object_id": str(key),
            "user_id": world.uuid("user", user),
            "telegram_id": telegram_id(user),
            "username": values.sparse(dice, document, "username", f"user_{number}"),
            "linked_at": values.instant(dice, linked),
        }
        yield Made(
            collection="telegramlinks", document=document, rows=(("telegram_links", row),), matched=("telegram_link",)
        )


def telegram_sessions(world: World) -> Iterator[Made]:
    """Yield sessions, whose ids are texts; some are expired, some of these in one store only."""
    dice = world.dice("telegram sessions")
    for number in range(world.plan.sessions):
        source, target = values.lifetime(dice)
        key = dice.choice((f"session:{number}", f"{number:024x}", f"نشست/{number}", f"tg {number}", f"É-{number}"))
        data = {
            "step": dice.randrange(9),
            "token": values.hexadecimal(dice, 32),
            "user": world.object_id("user", world.user("session", number)),
            "cart": [{"sku": "A-1", "count": 2}, {"sku": "B-2", "count": 1.0, "note": None}],
        }
        row = {
            "id": world.uuid("session", number),
            "session_key": key,
            "data": values.json_text(dice, data),
            "expires_at": target,
        }
        document = {"_id": key, "data": data, "expiresAt": source, "__v": 0}
        yield _mortal("telegramsessions", "telegram_sessions", "telegram_session", document=document, row=row)


def temp_verifications(world: World) -> Iterator[Made]:
    """Yield verification codes; some are expired, some of these in one store only."""
    dice = world.dice("verifications")
    for number in range(world.plan.verifications):
        (source, target), key, created = (
            values.lifetime(dice),
            world.object_id("verification", number),
            values.moment(dice),
        )
        email, code, attempts = (
            f"New.User{number}@{dice.choice(words.MAIL_HOSTS)}",
            f"{dice.randrange(10**6):06d}",
            dice.randrange(5),
        )
        kind = dice.choice(("signup", "reset", "email_change"))
        document: Document = {
            "_id": key,
            "email": email,
            "code": code,
            "kind": kind,
            "attempts": values.whole(dice, attempts),
            "expiresAt": source,
            "createdAt": created,
        }
        payload = values.sparse(dice, document, "payload", _payload(world, dice, number))
        row = {
            "id": world.uuid("verification", number),
            "legacy_object_id": str(key),
            "email": email.lower(),
            "code": code,
            "kind": kind,
            "attempts": attempts,
            "payload": values.json_text(dice, payload),
            "expires_at": target,
            "created_at": values.instant(dice, created),
        }
        yield _mortal("tempverifications", "temp_verifications", "temp_verification", document=document, row=row)


def telegram_id(user: int) -> int:
    """Return the Telegram number of a user, for most beyond 32 bits."""
    return 1_900_000_000 + user * 7_919


def _user(world: World, dice: Random, number: int) -> tuple[Document, Row]:
    key = world.object_id("user", number)
    first, last = dice.choice(words.FIRST_NAMES), dice.choice(words.LAST_NAMES)
    document: Document = {
        "_id": key,
        "email": f"{first}.{last.replace(chr(39), '')}{number}@{dice.choice(words.MAIL_HOSTS)}",
        "passwordHash": "$2b$12$" + "".join(dice.choices(_HASH_LETTERS, k=53)),
        "firstName": first if dice.random() < 0.6 else dice.choice(words.NATIVE_NAMES),
        "lastName": last,
        "role": dice.choice(("buyer", "buyer", "buyer", "seller", "admin")),
        "status": dice.choice(("active", "active", "active", "blocked", "pending")),
        "isEmailVerified": dice.random() < 0.8,
        "points": {"balance": dice.randrange(10_000), "level": 2},
        "__v": dice.randrange(4),
    }
    row: Row = {
        "id": world.uuid("user", number),
        "legacy_object_id": str(key),
        "email": document["email"].lower(),
        "password_hash": document["passwordHash"],
        "first_name": document["firstName"],
        "last_name": last,
        "role": document["role"],
        "status": document["status"],
        "is_email_verified": document["isEmailVerified"],
    }
    return document, row | _user_optionals(world, dice, number, document) | _user_times(dice, document)


def _user_optionals(world: World, dice: Random, number: int, document: Document) -> Row:
    profile: Document = {}
    avatar = values.sparse(dice, profile, "avatarUrl", f"https://cdn.example.com/a/{number}.webp")
    bio = values.sparse(dice, profile, "bio", words.sentence(dice))
    phone = values.sparse(dice, profile, "phone", dice.choice((f"+98912{number:07d}", f"00491{number:08d}", "")))
    if profile or dice.random() < 0.5:
        document["profile"] = profile
    if number % TELEGRAM_EVERY == 0:
        document["telegramId"] = Int64(telegram_id(number))
    referrer = world.user("referrer", number)
    referred = values.sparse(dice, document, "referredBy", world.object_id("user", referrer), filled=0.3)
    preferences = values.sparse(dice, document, "preferences", _preferences(world, dice, number))
    return {
        "telegram_id": telegram_id(number) if number % TELEGRAM_EVERY == 0 else None,
        "avatar_url": avatar,
        "bio": bio,
        "phone": phone,
        "wallet_address": values.recased(
            dice, values.sparse(dice, document, "walletAddress", values.wallet(dice), filled=0.5)
        ),
        "preferences": values.json_text(dice, preferences),
        "referred_by": world.uuid("user", referrer) if referred else None,
    }


def _user_times(dice: Random, document: Document) -> Row:
    created, updated = values.moment(dice), values.moment(dice)
    document |= {"createdAt": created, "updatedAt": updated}
    deleted = values.FOREVER if dice.random() < 0.1 else values.moment(dice)
    return {
        "last_login_at": values.instant(dice, values.sparse(dice, document, "lastLoginAt", values.moment(dice))),
        "deleted_at": values.instant(dice, values.sparse(dice, document, "deletedAt", deleted, filled=0.04)),
        "created_at": values.instant(dice, created),
        "updated_at": values.instant(dice, updated),
    }


def _preferences(world: World, dice: Random, number: int) -> Document:
    if dice.random() < 0.05:
        return {}
    return {
        "language": dice.choice(words.LANGUAGES),
        "notifications": {"email": dice.random() < 0.5, "push": True, "hour": dice.randrange(24), "quiet": None},
        "pinned": [world.object_id("category", dice.randrange(40)), world.object_id("category", 0)],
        "seenAt": values.moment(dice),
        "volume": dice.choice((1, 1.0, 0.1, 0.30000000000000004, 12)),
        "nonce": Int64(2**53 + 1 + number),
    }


def _refresh_tokens(world: World, dice: Random, user: int) -> tuple[list[Document], list[tuple[str, Row]], list[bool]]:
    tokens: list[Document] = []
    rows: list[tuple[str, Row]] = []
    scopes: list[bool] = []
    for index in range(dice.choice((0, 1, 1, 2, 2))):
        (source, target), digest, created = values.lifetime(dice), values.hexadecimal(dice, 64), values.moment(dice)
        token: Document = {"tokenHash": digest, "createdAt": created, "expiresAt": source, "ip": "192.0.2.7"}
        row: Row = {
            "id": world.uuid("refresh token", user * 8 + index),
            "user_id": world.uuid("user", user),
            "token_hash": digest,
            "user_agent": values.sparse(dice, token, "userAgent", dice.choice(_AGENTS)),
            "created_at": values.instant(dice, created),
            "expires_at": target,
        }
        tokens += [token] if source else []
        rows += [("refresh_tokens", row)] if target else []
        scopes.append(values.is_live(source) and values.is_live(target))
    return tokens, rows, scopes


def _passkeys(world: World, dice: Random, user: int) -> tuple[list[Document], list[tuple[str, Row]]]:
    keys: list[Document] = []
    rows: list[tuple[str, Row]] = []
    for index in range(dice.choice((0, 0, 0, 1, 2)) if user % 2 else 0):
        identifier, public, created = (
            f"cred_{user}_{index}_{values.hexadecimal(dice, 8)}",
            dice.randbytes(77),
            values.moment(dice),
        )
        counter = dice.choice((0, 1, dice.randrange(5_000), 2**40 + user))
        key: Document = {
            "credentialId": identifier,
            "publicKey": Binary(public),
            "counter": values.whole(dice, counter),
        }
        key["createdAt"] = created
        row: Row = {
            "id": world.uuid("passkey", user * 8 + index),
            "user_id": world.uuid("user", user),
            "credential_id": identifier,
            "public_key": public,
            "counter": counter,
            "transports": values.sparse(dice, key, "transports", dice.sample(_TRANSPORTS, dice.randrange(4))),
            "device_type": values.sparse(dice, key, "deviceType", dice.choice(("singleDevice", "multiDevice"))),
            "created_at": values.instant(dice, created),
        }
        keys.append(key)
        rows.append(("passkeys", row))
    return keys, rows


def _embed(dice: Random, document: Document, name: str, elements: list[Document]) -> None:
    """Embed the elements; an empty array may as well be null or missing."""
    if elements:
        document[name] = elements
    else:
        values.sparse(dice, document, name, elements, filled=0.4)


def _payload(world: World, dice: Random, number: int) -> Any:  # noqa: ANN401 - a mixed field
    return dice.choice(
        (
            {
                "invitedBy": world.object_id("user", world.user("inviter", number)),
                "tries": [1, 2.0, None],
                "at": values.moment(dice),
            },
            {"b": 1, "a": {"deep": [{}, [], {"z": True, "y": "ی"}]}},
            ["x", 2.5, False],
            "free text",
            7,
            True,
            {},
        )
    )


def _mortal(collection: str, table: str, entity: str, *, document: Document, row: Row) -> Made:
    """Pair a document and a row of which either may be gone or expired."""
    source: datetime | None = document["expiresAt"]
    target: datetime | None = row["expires_at"]
    live = values.is_live(source) and values.is_live(target)
    return Made(
        collection=collection,
        document=document if source else None,
        rows=((table, row),) if target else (),
        matched=(entity,) if live else (),
        out_of_scope=() if live else (entity,),
    )
