"""Made-up secrets and persons, put into both sides of real records so that the sides differ, or cannot even be read."""

from dataclasses import dataclass
from datetime import UTC, datetime

from bson import Binary, Decimal128, Int64, ObjectId

from tests.acceptance.live import Shop

LATE = datetime(2049, 1, 1, tzinfo=UTC)
EMAIL = ("Kanari.Quxzy.Vorbly@wumpf.example", "kanari.quxzy.tarbly@wumpf.example")
FIRST_NAME = ("Kanarifirst Sorzbly", "Kanarifirst Tarzbly")
LAST_NAME = ("Zażółć-Kanari Gęśląx", "Zażółć-Kanari Jaźńxyz")
PHONE = ("+48 601 555 0199 01", "+48 601 555 0199 02")
WALLET = ("0xKanari729296a45a3885639AC7E10F9d54979bb", "0xKanari729296a45a3885639AC7E10F9d54979cc")
TELEGRAM_ID = (73501948261, 73501948262)
PASSWORD_HASH = ("$2b$12$kanari.pwhash.Sorz.Zq7x", "$2b$12$kanari.pwhash.Tarz.Wx4y")
TOKEN_HASH = ("kanari8f31c0aa77beXYsorz", "kanari77be10Qk8f31ZPtarz")
TOKEN_TWICE = "kanari5566twiceWWtoken"
PUBLIC_KEY = (b"kanari-pubkey-Sorz-9911ABcdEF", b"kanari-pubkey-Tarz-0042GHijKL")
USERNAME = ("kanari_tgname_sorzbly", "kanari_tgname_tarzbly")
SESSION = ("kanari-session-Sorzmmm", "kanari-session-Tarznnn")
CODE = ("kanari-kod-Sorz-581920", "kanari-kod-Tarz-777310")
PAYLOAD = ("kanari-payl-Sorz-wumpf", "kanari-payl-Tarz-wumpf")
RECIPIENT = ("Kanari Empfx Sorzbly", "Kanari Empfx Tarzbly")
LINE1 = ("Kanaristrx 14 sorz dorz", "Kanaristrx 14 tarz dorz")
LINE2 = ("Kanari hinterhx sorzbly", "Kanari hinterhx tarzbly")
ADDRESS_PHONE = ("+49 151 555 0177 11", "+49 151 555 0177 12")
ODD_TYPES = {
    "passwordHash": {"inner": "kanari-pwhash-in-object"},
    "email": ["kanari.list@wumpf.example"],
    "firstName": Binary(b"kanari-firstname-binary"),
    "lastName": 7350194826155,
    "telegramId": "kanari-telegram-in-words",
    "walletAddress": {"kanariWalletKey": "kanari-wallet-in-object"},
    "lastLoginAt": "long ago",
}
UNREADABLE_SESSION = {"kanariSessionKey": Decimal128("735.0194826173501"), "blob": Binary(b"kanari-session-binary")}
PAIRS = (
    EMAIL, FIRST_NAME, LAST_NAME, PHONE, WALLET, PASSWORD_HASH, TOKEN_HASH, USERNAME, SESSION,
    CODE, PAYLOAD, RECIPIENT, LINE1, LINE2, ADDRESS_PHONE,
)  # fmt: skip
TEXTS = (
    *(text for pair in PAIRS for text in pair),
    *(key.decode() for key in PUBLIC_KEY),
    *map(str, TELEGRAM_ID),
    TOKEN_TWICE,
    "kanari-pwhash-in-object",
    "kanari.list@wumpf.example",
    "kanari-firstname-binary",
    "7350194826155",
    "kanari-telegram-in-words",
    "kanariWalletKey",
    "kanari-wallet-in-object",
    "kanariSessionKey",
    "735.0194826173501",
    "kanari-session-binary",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A record that holds canaries, as `check` is asked for it."""

    entity: str
    key: str


def plant_canaries(shop: Shop) -> list[Planted]:
    """Put every canary into the shop; returns the records to look at."""
    shop.mongo["users"].drop_indexes()
    user, twin, odd = shop.keys("users")[:3]
    _plant_user(shop, user)
    shop.set_source("users", twin, email=EMAIL[0], telegramId=Int64(TELEGRAM_ID[0]))
    shop.set_source("users", odd, **ODD_TYPES)
    _plant_tokens(shop, user)
    users = [Planted(entity="auth.user", key=key) for key in (user, twin, odd)]
    return [
        *users,
        _plant_address(shop),
        _plant_link(shop),
        _plant_verification(shop),
        *_plant_sessions(shop),
        _plant_passkey(shop),
    ]


def _plant_user(shop: Shop, key: str) -> None:
    shop.set_source(
        "users", key, email=EMAIL[0], firstName=FIRST_NAME[0], lastName=LAST_NAME[0], walletAddress=WALLET[0],
        telegramId=Int64(TELEGRAM_ID[0]), passwordHash=PASSWORD_HASH[0], **{"profile.phone": PHONE[0]},
    )  # fmt: skip
    shop.set_target(
        "users", key, email=EMAIL[1], first_name=FIRST_NAME[1], last_name=LAST_NAME[1], wallet_address=WALLET[1],
        telegram_id=TELEGRAM_ID[1], password_hash=PASSWORD_HASH[1], phone=PHONE[1],
    )  # fmt: skip


def push_token(shop: Shop, user: str, token_hash: str) -> None:
    """Add a live refresh token to a user's document."""
    token = {"tokenHash": {"$literal": token_hash}, "userAgent": "x", "createdAt": LATE, "expiresAt": LATE}
    tokens = {"$concatArrays": [{"$ifNull": ["$refreshTokens", []]}, [token]]}
    shop.mongo["users"].update_one({"_id": ObjectId(user)}, [{"$set": {"refreshTokens": tokens}}])


def _plant_tokens(shop: Shop, user: str) -> None:
    """One token on each side only, and one twice in the same document."""
    for text in (TOKEN_HASH[0], TOKEN_TWICE, TOKEN_TWICE):
        push_token(shop, user, text)
    shop.sql(
        "insert into refresh_tokens (id, user_id, token_hash, user_agent, created_at, expires_at) "
        "select gen_random_uuid(), id, $2, 'x', $3, $3 from users where legacy_object_id = $1",
        user,
        TOKEN_HASH[1],
        LATE,
    )


def _plant_address(shop: Shop) -> Planted:
    key = shop.keys("addresses")[0]
    names = ("recipientName", "line1", "line2", "phone")
    values = (RECIPIENT, LINE1, LINE2, ADDRESS_PHONE)
    shop.set_source("addresses", key, **{name: pair[0] for name, pair in zip(names, values, strict=True)})
    columns = ("recipient_name", "line1", "line2", "phone")
    shop.set_target("addresses", key, **{name: pair[1] for name, pair in zip(columns, values, strict=True)})
    return Planted(entity="address.address", key=key)


def _plant_link(shop: Shop) -> Planted:
    key = shop.keys("telegram_links")[0]
    shop.set_source("telegramlinks", key, username=USERNAME[0])
    shop.set_target("telegram_links", key, username=USERNAME[1])
    return Planted(entity="auth.telegram_link", key=key)


def _plant_verification(shop: Shop) -> Planted:
    key = shop.keys("temp_verifications")[0]
    shop.mongo["tempverifications"].update_one(
        {"_id": ObjectId(key)},
        {"$set": {"email": EMAIL[0], "code": CODE[0], "payload": {"who": PAYLOAD[0]}, "expiresAt": LATE}},
        upsert=True,
    )
    shop.set_target("temp_verifications", key, email=EMAIL[1], code=CODE[1], expires_at=LATE)
    shop.sql(
        "update temp_verifications set payload = jsonb_build_object('who', $2::text) where legacy_object_id = $1",
        key,
        PAYLOAD[1],
    )
    return Planted(entity="auth.temp_verification", key=key)


def _plant_sessions(shop: Shop) -> list[Planted]:
    first, second = [row[0] for row in shop.sql("select session_key from telegram_sessions order by 1 limit 2")]
    for key, data in ((first, {"token": SESSION[0]}), (second, UNREADABLE_SESSION)):
        shop.mongo["telegramsessions"].update_one(
            {"_id": key}, {"$set": {"data": data, "expiresAt": LATE}}, upsert=True
        )
        shop.sql(
            "update telegram_sessions set expires_at = $2, data = jsonb_build_object('token', $3::text) "
            "where session_key = $1",
            key,
            LATE,
            SESSION[1],
        )
    return [Planted(entity="auth.telegram_session", key=key) for key in (first, second)]


def _plant_passkey(shop: Shop) -> Planted:
    key = shop.value("select min(credential_id) from passkeys")
    shop.mongo["users"].update_one(
        {"passkeys.credentialId": key}, {"$set": {"passkeys.$.publicKey": Binary(PUBLIC_KEY[0])}}
    )
    shop.sql("update passkeys set public_key = $2 where credential_id = $1", key, PUBLIC_KEY[1])
    return Planted(entity="auth.passkey", key=key)
