"""What this program is built on: the libraries that it needs, each with its version and licence as installed."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, requires
from re import match
from typing import Final

OURSELVES: Final = "reconciler"
LICENCE_CLASSIFIER: Final = "License :: OSI Approved :: "
LONGEST: Final = 40
UNKNOWN: Final = "not told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """One library as it is installed."""

    name: str
    version: str
    licence: str


def libraries() -> tuple[Library, ...]:
    """The libraries that a plain installation needs, by name; those of extras are left out."""
    return tuple(sorted(_installed(), key=lambda one: one.name))


def _installed() -> Iterator[Library]:
    for requirement in requires(OURSELVES) or ():
        name = match(r"[A-Za-z0-9._-]+", requirement)
        if name is None or "extra ==" in requirement:
            continue
        try:
            found = distribution(name[0])
        except PackageNotFoundError:
            continue  # another platform's
        yield Library(name=name[0], version=found.version, licence=_licence(found.metadata.json))


def _licence(metadata: dict[str, str | list[str]]) -> str:
    """The licence's expression, else its classifier, else a short text."""
    expression, text = str(metadata.get("license_expression", "")), str(metadata.get("license", ""))
    classifiers = metadata.get("classifier", [])
    named = [one.removeprefix(LICENCE_CLASSIFIER) for one in classifiers if one.startswith(LICENCE_CLASSIFIER)]
    short = text if text and len(text) <= LONGEST and "\n" not in text else ""
    return expression or ", ".join(named) or short or UNKNOWN
