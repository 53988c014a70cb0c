"""Who may see a field's values, guessed from its names alone."""

from itertools import pairwise
from typing import Final

from reconciler.core.drafting.names import words
from reconciler.core.model import Sensitivity
from reconciler.core.spec import FieldKind

SECRET_WORDS: Final = frozenset({
    "password", "passwd", "pwd", "passphrase", "hash", "token", "secret", "code", "key", "otp", "pin", "salt", "cookie",
    "credential", "credentials", "signature", "mnemonic", "seed", "cvv", "iban", "ssn",
})  # fmt: skip
HARMLESS_CODES: Final = frozenset({
    "country", "currency", "language", "lang", "status", "error", "product", "area", "region", "state", "reason",
})  # fmt: skip
PERSONAL_WORDS: Final = frozenset({
    "email", "mail", "phone", "mobile", "telephone", "tel", "fax", "telegram", "whatsapp", "username", "nickname",
    "surname", "street", "address", "birth", "birthday", "birthdate", "dob", "born", "ip", "passport",
    "wallet", "postal", "postcode", "zip", "diagnosis", "diagnoses", "patient", "insurance", "gender", "sex",
    "recipient",
})  # fmt: skip
NAMES_OF_PEOPLE: Final = frozenset({
    "first", "last", "full", "given", "family", "middle", "recipient", "user", "maiden", "customer", "contact",
    "person", "patient", "member", "owner", "author",
})  # fmt: skip
BAGS: Final = frozenset({"data", "payload", "metadata", "meta", "extra", "raw", "context", "details", "session"})


def sensitivity(path: str, column: str, kind: FieldKind) -> tuple[Sensitivity, str]:
    """The guess from both names, with the doubt that goes with it (empty where a name decides, or says nothing)."""
    found = words(path) or [path]
    names = [found, *([words(column)] if words(column) else [])]
    if any(_secret(name) for name in names):
        return Sensitivity.SECRET, ""
    if any(_personal(name) for name in names):
        return Sensitivity.PII, ""
    if kind is FieldKind.JSON and set(found) & BAGS:
        return Sensitivity.PII, "may hold anything, so it is masked"
    if kind in (FieldKind.JSON, FieldKind.BYTES, FieldKind.CHILDREN):
        return Sensitivity.PLAIN, "plain by its name alone"
    return Sensitivity.PLAIN, ""


def _secret(found: list[str]) -> bool:
    """Whether a name sounds like something that signs in; a postal code is personal, a currency code is neither."""
    sounds = set(found) & SECRET_WORDS
    if sounds == {"code"}:
        return not set(found) & (HARMLESS_CODES | PERSONAL_WORDS)
    return bool(sounds)


def _personal(found: list[str]) -> bool:
    """Whether a name sounds like it is about a person."""
    if set(found) & PERSONAL_WORDS and found[-1] not in ("id", "verified", "enabled"):
        return True
    numbered = any(one == "line" and other.isdigit() for one, other in pairwise(found))
    return numbered or (found[-1] == "name" and bool(set(found[:-1]) & NAMES_OF_PEOPLE)) or "telegram" in found
