"""What the values of a cluster have in common, counted: a factor, an offset, one value, a pair, another spelling."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

NUMBER: Final = re.compile(r"-?(0|[1-9]\d{0,80})(\.\d{1,80})?")
LONGEST_SHOWN: Final = 32
FEW_PAIRS: Final = 3
ENOUGH_FOR_A_FACTOR: Final = 3
Pair = tuple[object, object]
Rule = Callable[[object, object], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Something that holds of `count` of the `of` diffs looked at, as a phrase that follows "N of N"."""

    told: str
    count: int
    of: int
    rule: str

    @property
    def sentence(self) -> str:
        """`11 of 11: PostgreSQL is exactly 100 times MongoDB`."""
        return f"{self.count:,} of {self.of:,}: {self.told}"

    @property
    def whole(self) -> bool:
        """Whether it holds of all that were looked at."""
        return self.count == self.of


def shapes(pairs: Sequence[Pair]) -> tuple[Shape, ...]:
    """What most of the pairs (source and target as JSON values) have in common; the most telling first.

    A pair may hold values in the clear only: what is told quotes them.
    """
    found = [_commonest(pairs, name, rule) for name, rule in RULES.items()]
    alike = [shape for shape in found if shape is not None]
    if any(shape.whole and shape.rule in SPELLINGS for shape in alike):
        return tuple(shape for shape in alike if shape.rule in SPELLINGS)
    return tuple(alike + _repeated(pairs, explained=any(shape.whole for shape in alike)))


def _commonest(pairs: Sequence[Pair], name: str, rule: Rule) -> Shape | None:
    """What the rule says of most pairs; a factor that few pairs share is chance unless it is a power of ten."""
    told = Counter(text for source, target in pairs if (text := rule(source, target)))
    if not told:
        return None
    text, count = told.most_common(1)[0]
    chance = name == "factor" and not _tens(text) and len({str(source) for source, _ in pairs}) < ENOUGH_FOR_A_FACTOR
    return None if chance or count * 2 <= len(pairs) else Shape(told=text, count=count, of=len(pairs), rule=name)


def _tens(text: str) -> bool:
    """Whether the factor told is a power of ten."""
    return bool(re.search(r"\b10+(,0+)* times", text.replace(",", "")))


def _repeated(pairs: Sequence[Pair], *, explained: bool) -> list[Shape]:
    """Values that come again and again: pairs of them, and where those explain nothing, one value alone."""
    count = len(pairs)
    texts = [(shown(source), shown(target)) for source, target in pairs]
    kinds = Counter(texts)
    found = []
    if count > 1 and len(kinds) <= FEW_PAIRS and len(kinds) < count:
        listed = ", ".join(f"{source} became {target}" for (source, target), _ in kinds.most_common())
        found.append(Shape(told=listed, count=count, of=count, rule="pair"))
    if found or explained:
        return found
    for side, name, other in ((1, "PostgreSQL", 0), (0, "MongoDB", 1)):
        value, often = Counter(pair[side] for pair in texts).most_common(1)[0] if texts else ("", 0)
        if value != shown(None) and often > 1 and often * 2 > count and len({pair[other] for pair in texts}) > 1:
            found.append(Shape(told=f"{name} holds {value}", count=often, of=count, rule=f"one value in {name}"))
    sources = Counter(source for source, _ in texts)
    strange = sum(1 for source, target in texts if source != target and target in sources)
    if count > 1 and strange and not found:
        told = "PostgreSQL holds the value that MongoDB has in another record of this cluster"
        found.append(Shape(told=told, count=strange, of=count, rule="another's"))
    return found


# -- one pair ----------------------------------------------------------------------------------------------------------


def as_number(value: object) -> Decimal | None:
    """A JSON number, or a number told as text because it has many digits."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value)
    try:
        return Decimal(text) if not isinstance(value, str) or NUMBER.fullmatch(text) else None
    except InvalidOperation:
        return None


def _factor(source: object, target: object) -> str:
    """Which multiple one side is of the other."""
    left, right = as_number(source), as_number(target)
    if not left or not right or left == right or left.is_nan() or right.is_nan():
        return ""
    for small, large, told in ((left, right, "PostgreSQL is exactly {} times MongoDB"),
                               (right, left, "MongoDB is exactly {} times PostgreSQL")):  # fmt: skip
        ratio = large / small
        if ratio == ratio.to_integral_value() and ratio > 1 and ratio * small == large:
            return told.format(f"{int(ratio):,}")
    return ""


def _offset(source: object, target: object) -> str:
    """By how much one number is above the other."""
    left, right = as_number(source), as_number(target)
    if left is None or right is None or left == right or left.is_nan() or right.is_nan():
        return ""
    apart = abs(right - left)
    return f"PostgreSQL is {'higher' if right > left else 'lower'} by {apart.normalize():,f}"


def _time(source: object, target: object) -> str:
    """By how much one moment is after the other."""
    left, right = as_time(source), as_time(target)
    if left is None or right is None or left == right:
        return ""
    return f"PostgreSQL is {'later' if right > left else 'earlier'} by exactly {_length(abs(right - left))}"


def as_time(value: object) -> datetime | None:
    """A moment as reports spell it."""
    if not isinstance(value, str) or not value.endswith("Z") or "T" not in value:
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        return None


def _length(apart: timedelta) -> str:
    """`3 h 30 min`, `412 ms`."""
    milliseconds = round(apart.total_seconds() * 1000)
    parts = []
    for size, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"), (1, "ms")):
        count, milliseconds = divmod(milliseconds, size)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts) or "0 ms"


def _cut_moment(source: object, target: object) -> str:
    """Which part of a moment was lost."""
    left, right = as_time(source), as_time(target)
    if left is None or right is None or left <= right:
        return ""
    if left.replace(microsecond=0) == right:
        return "the milliseconds are gone in PostgreSQL"
    whole_day = left.replace(hour=0, minute=0, second=0, microsecond=0) == right
    return "the time of day is gone in PostgreSQL" if whole_day else ""


def _spelling(source: object, target: object) -> str:
    """How two texts are the same in other letters."""
    if not isinstance(source, str) or not isinstance(target, str) or source == target:
        return ""
    return next((told for holds, told in _spellings(source, target) if holds), "")


def _spellings(source: str, target: str) -> list[tuple[bool, str]]:
    """Each way in which two texts can be the same, and whether they are."""
    lost = len(source) - len(source.lstrip("0")) - (len(target) - len(target.lstrip("0")))
    digits = source.isdigit() and target.isdigit() and source.lstrip("0") == target.lstrip("0")
    return [
        (digits and lost > 0, f"{'one leading zero is' if lost == 1 else f'{lost} leading zeros are'} gone"),
        (target == f"{source} ", "PostgreSQL has one more blank at the end"),
        (source == f"{target} ", "MongoDB has one more blank at the end"),
        (source.strip() == target.strip(), "only white space at the ends differs"),
        ("".join(source.split()) == "".join(target.split()), "only white space differs"),
        (source.casefold() == target.casefold(), "only upper and lower case differ"),
        (unicodedata.normalize("NFD", source) == target, "PostgreSQL holds the letters taken apart (NFD)"),
        (unicodedata.normalize("NFC", source) == target, "PostgreSQL holds the letters put together (NFC)"),
        (_garbled(source, target), "UTF-8 was read as Latin-1 on its way to PostgreSQL"),
        (_garbled(target, source), "UTF-8 was read as Latin-1 on its way to MongoDB"),
        (
            source.startswith(target) and bool(target),
            f"PostgreSQL holds the first {len(target)} characters",
        ),
        (target.startswith(source) and bool(source), f"MongoDB holds the first {len(source)} characters"),
    ]


def _garbled(right: str, wrong: str) -> bool:
    """Whether one text is the other's UTF-8 bytes taken for Latin-1 or Windows-1252."""
    for encoding in ("latin-1", "cp1252"):
        try:
            if not right.isascii() and right.encode().decode(encoding) == wrong:
                return True
        except UnicodeDecodeError:
            continue
    return False


def _order(source: object, target: object) -> str:
    """How the same elements are ordered differently."""
    if not isinstance(source, list) or not isinstance(target, list) or len(source) != len(target):
        return ""
    if source == target[::-1]:
        return "the elements are reversed" if len(source) > 2 else "two elements changed places"  # noqa: PLR2004 - a pair
    moved = [place for place, pair in enumerate(zip(source, target, strict=True)) if pair[0] != pair[1]]
    if len(moved) == 2:  # noqa: PLR2004 - a pair
        return f"the elements at {moved[0]} and {moved[1]} changed places"
    return "PostgreSQL has them sorted" if _sorted(target) else ""


def _sorted(values: list[object]) -> bool:
    """Whether the elements ascend."""
    texts = [json.dumps(value, sort_keys=True) for value in values]
    return texts == sorted(texts)


def _type(source: object, target: object) -> str:
    """The same value in another type."""
    if type(source) is type(target) or source is None or target is None:
        return ""
    same = _plain(source) == _plain(target)
    return f"MongoDB holds {_type_word(source)}, PostgreSQL {_type_word(target)} that prints the same" if same else ""


def _plain(value: object) -> str:
    """A value as its text alone."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _type_word(value: object) -> str:
    """`a number`, `a text`."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "an array" if isinstance(value, list) else "an object"


def shown(value: object) -> str:
    """A value as it is quoted in a phrase: short, texts between quotation marks."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    cut = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
    return f"\N{LEFT DOUBLE QUOTATION MARK}{cut}\N{RIGHT DOUBLE QUOTATION MARK}" if isinstance(value, str) else cut


RULES: Final[dict[str, Rule]] = {
    "type": _type,
    "spelling": _spelling,
    "cut moment": _cut_moment,
    "time": _time,
    "factor": _factor,
    "offset": _offset,
    "order": _order,
}
SPELLINGS: Final = frozenset({"type", "spelling", "cut moment", "order"})
