"""How alike names are: collections and tables, paths and columns, whatever their spelling, singular or plural."""

import re
from collections.abc import Collection
from difflib import SequenceMatcher

WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
POINTERS = frozenset({"id", "uuid", "ref", "fk", "oid", "key", "no", "number", "num", "nr"})
IRREGULAR = {"people": "person", "children": "child", "men": "man", "women": "woman", "data": "data", "news": "news"}
KIN = (
    frozenset({"lng", "lon", "long", "longitude"}), frozenset({"lat", "latitude"}), frozenset({"min", "minimum"}),
    frozenset({"max", "maximum"}), frozenset({"qty", "quantity"}), frozenset({"desc", "description"}),
    frozenset({"num", "no", "nr", "number"}), frozenset({"dob", "birthdate", "birthday", "born"}),
    frozenset({"tel", "telephone", "phone"}), frozenset({"ts", "timestamp", "time", "at"}),
)  # fmt: skip
SAME, LAST_STEP, NO_POINTER, ENDING, KINDRED = 1.0, 0.9, 0.85, 0.75, 0.6
ALIKE = 0.8
SHORTEST_ENDING = 3
LONGEST_NAME = 60
CLOSE = 0.9


def snake_case(path: str) -> str:
    """The column that a path has where no other is named: `location.coordinates[0]` is `location_coordinates_0`."""
    return WORD_START.sub("_", re.sub(r"[.\[]", "_", path).replace("]", "")).lower()


def words(name: str) -> list[str]:
    """The words of a name, in lower case."""
    return [word.lower() for word in WORD.findall(name)]


def singular(word: str) -> str:
    """A word in the singular, roughly."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word.endswith("ies") and len(word) > len("ties"):
        return f"{word[:-3]}y"
    if re.search(r"(ss|x|z|ch|sh|us)es$", word):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def squashed(name: str) -> str:
    """A name without its separators and plural."""
    return singular("".join(words(name)))


def entity_name(name: str) -> str:
    """A table's or collection's name as an entity's: lower snake case, singular."""
    *before, last = words(name) or ["entity"]
    text = "_".join([*before, singular(last)])[:LONGEST_NAME]
    return text if text[0].isalpha() else f"e_{text}"


def free_name(wanted: str, taken: Collection[str]) -> str:
    """The name, with a number where it is taken."""
    number, name = 1, wanted
    while name in taken:
        number, name = number + 1, f"{wanted}_{number + 1}"
    return name


def likeness(collection: str, table: str) -> float:
    """How alike the names of a collection and a table are, from 0 to 1."""
    left, right = squashed(collection), squashed(table)
    if left == right:
        return 1.0
    short, long = sorted((left, right), key=len)
    if len(short) > SHORTEST_ENDING and (long.endswith(short) or long.startswith(short)):
        return ENDING
    ratio = SequenceMatcher(None, left, right, autojunk=False).ratio()
    return ratio * CLOSE if ratio >= ALIKE else 0.0


def fit(path: str, column: str) -> float:
    """How well a path's name fits a column's, from 0 to 1."""
    if snake_case(path) == column:
        return SAME
    whole, steps = words(snake_case(path)), words(column)
    last = words(re.sub(r"\[\d+\]", "", path).rpartition(".")[2])
    if not whole or not steps:
        return 0.0
    if "".join(whole) == "".join(steps):
        return SAME
    if "".join(last) == "".join(steps):
        return LAST_STEP
    if _bare(whole) == _bare(steps) or _bare(last) == _bare(steps):
        return NO_POINTER
    return max(_ending("_".join(whole), "_".join(steps)), _kindred(whole, steps))


def _bare(parts: list[str]) -> str:
    """A name without the word that says it points somewhere."""
    return "".join(parts[:-1] if len(parts) > 1 and parts[-1] in POINTERS else parts)


def _ending(left: str, right: str) -> float:
    """Whether one name ends with the other."""
    short, long = sorted((left, right), key=len)
    return ENDING if len(short) >= SHORTEST_ENDING and long.endswith(f"_{short}") else 0.0


def _kindred(left: list[str], right: list[str]) -> float:
    """What share of two names' words are the same or mean the same."""
    ours, theirs = {_kin(singular(word)) for word in left}, {_kin(singular(word)) for word in right}
    return KINDRED * len(ours & theirs) / min(len(ours), len(theirs)) if (ours & theirs) - POINTERS else 0.0


def _kin(word: str) -> str:
    """One word for all that mean the same."""
    return next((min(kin) for kin in KIN if word in kin), word)
