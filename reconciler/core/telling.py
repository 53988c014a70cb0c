"""What may leave the building: one function takes out of a text whatever could be a value, a key or a secret."""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from reconciler.core.events import EventType, Fact, Happening

NONE: Final[Mapping[str, Fact]] = MappingProxyType({})
MASK: Final = "•••"
LONGEST: Final = 400
SHORT_WORD: Final = 32
QUOTES: Final = ("''", '""', "``", "“”", "\u2018\u2019", "„“", "«»", "\u2039\u203a")  # each opens and closes
UNSAFE: Final = (
    re.compile(r"[^\W_][\w.+-]*://\S*"),  # addresses, those of stores among them
    re.compile(r"\S*@\S*"),  # addresses of mail, and what is left of a login
    re.compile(
        r"(?i)\b(pass\w*|pwd|secret\w*|token\w*|api_?key|authorization|bearer|basic|credential\w*)\b[\s:=]+(\S+\s*)?\S*"
    ),
    *(re.compile(f"{re.escape(begin)}[^{re.escape(end)}]*(?:{re.escape(end)}|$)") for begin, end in QUOTES),
    re.compile(r"[{\[<(][^}\]>)]*[:=][^}\]>)]*(?:[}\]>)]|$)"),  # documents
)
NUMBER: Final = re.compile(r"\+?\d[\d\s().+-]{4,}\d")  # numbers of accounts and telephones
MOMENT: Final = re.compile(r"((?<!\S)\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?Z?)?(?=[\s.,;)]|$))")
WORD: Final = re.compile(r"[^\s]+")
PLAIN: Final = re.compile(r"[\W\d]*[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ_.,:;!?/()\[\]'\u2019-]*\d{0,3}\W*")
FIGURE: Final = re.compile(r"[(]?(?:K-|#)?\d{1,3}(?:,\d{3})*(?:\.\d{1,5})?%?[).,:;]*")
SIGN: Final = re.compile(r"[\W_]{1,3}")
TIME: Final = re.compile(r"[(]?(?:\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}Z)?|\d{2}:\d{2}(?::\d{2})?)[).,:;]*")


def safe(text: str) -> str:
    """The text without anything that could be a value, a key, an address or a secret; 400 characters at most.

    What is left are words of a language, small numbers, numbers with separators, dates and times of day.
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    for pattern in UNSAFE:
        printable = pattern.sub(MASK, printable)
    around = MOMENT.split(printable)  # every second one is a moment
    printable = "".join(part if place % 2 else NUMBER.sub(MASK, part) for place, part in enumerate(around))
    words = WORD.sub(lambda found: found[0] if _ordinary(found[0]) else MASK, printable)
    told = " ".join(words.split())
    return told if len(told) <= LONGEST else f"{told[: LONGEST - 1]}…"


def _ordinary(word: str) -> bool:
    """Whether a word is one of a language, a figure, a date or a sign."""
    known = (word == MASK, FIGURE.fullmatch(word), TIME.fullmatch(word), SIGN.fullmatch(word), PLAIN.fullmatch(word))
    return len(word) <= SHORT_WORD and any(known)


def happening(
    key: str, kind: EventType, *, at: datetime, domain: str = "", facts: Mapping[str, Fact] = NONE
) -> Happening:
    """Something that happened, with every text among its facts made safe."""
    told = {name: safe(fact) if isinstance(fact, str) else fact for name, fact in facts.items()}
    return Happening(key=key, type=kind, domain=domain, at=at, facts=told)


def account(name: str) -> str:
    """Who did something, without the place where their mail is read."""
    return name.partition("@")[0] or "somebody"
