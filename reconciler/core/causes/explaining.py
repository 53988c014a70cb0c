"""The likely cause of a cluster as a sentence that a person can check, with the counted evidence behind it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.core.causes.shapes import Pair, Shape, shapes
from reconciler.core.model import DiffKind, Outcome
from reconciler.core.wording import counted

MINOR: Final = re.compile(r"minor units: (\w+) is 10\^(\d+) times (\w+)")
LATER: Final = re.compile(r"(\w+) is (later|earlier) by (\d+):(\d\d) h")
CUT: Final = re.compile(r"truncated (in MongoDB )?at (\d+) characters")
SMALL_STEP: Final = re.compile(r"PostgreSQL is (higher|lower) by 0\.0*1")
ONE_STEP: Final = re.compile(r"PostgreSQL is (higher|lower) by 1")
Explain = Callable[[re.Match[str]], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is likely to have happened, `known` unless nothing was recognized, and what was counted."""

    sentence: str
    evidence: tuple[str, ...]
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """What a cluster says of itself: its kind, the cause its diffs share (maybe none), and what may be shown."""

    kind: str
    cause: str
    path: str | None
    redacted: str | None = None


def explained(symptom: Symptom, pairs: Sequence[Pair], *, looked_at: int) -> Explanation:
    """The likely cause; `pairs` are the values of those diffs whose values may be shown, of `looked_at` diffs."""
    alike = shapes(pairs)
    sentence = _sentence(symptom, alike)
    evidence = tuple(shape.sentence for shape in alike) or _unshown(symptom, looked_at)
    if not sentence:
        return Explanation(sentence=_unknown(symptom), evidence=evidence, known=False)
    return Explanation(sentence=sentence, evidence=evidence, known=True)


def _unshown(symptom: Symptom, looked_at: int) -> tuple[str, ...]:
    """The evidence where values can't be quoted: each diff was recognized by itself while its values were at hand."""
    if not symptom.cause or not looked_at:
        return ()
    hidden = ", seen in the values before they were masked" if symptom.redacted == "pii" else ""
    return (f"{looked_at:,} of {looked_at:,}: {symptom.cause}{hidden}",)


def _sentence(symptom: Symptom, alike: Sequence[Shape]) -> str:
    """What is likely to have happened, empty where nothing tells."""
    if symptom.path is None:
        return _whole_record(symptom)
    if symptom.kind == DiffKind.TYPE:
        return "One store holds the value in a type that its rule does not name: a writer skipped the schema."
    if symptom.kind == DiffKind.DANGLING_REFERENCE:
        return _dangling(symptom.cause)
    if symptom.redacted == "secret":
        return "A secret value: that it differs is known, how is not. Usually one store missed a change of it."
    return _of_cause(symptom.cause) or _of_shapes(alike)


def _whole_record(symptom: Symptom) -> str:
    """Why a record stands alone or has no usable key."""
    match symptom.kind:
        case Outcome.MISSING_IN_TARGET:
            return "The rows were never written, or were deleted in PostgreSQL only."
        case Outcome.EXTRA_IN_TARGET:
            return "The documents were deleted in MongoDB only, or the rows were born in PostgreSQL and never mirrored."
        case Outcome.UNREADABLE:
            return "A value is broken or has no form in the other store, so nothing was compared."
    if "carried by two rows" in symptom.cause:
        return "Two rows carry one legacy id: a copy ran twice, and no unique index stood in its way."
    if "malformed" in symptom.cause:
        return "The legacy id is not spelled as MongoDB spells it: whoever wrote it did not take it from the document."
    if "null" in symptom.cause:
        return "The row was born in PostgreSQL and its mirror write failed, or its legacy id was wiped."
    return "The key can't name one record of each store."


def _dangling(cause: str) -> str:
    """Why a reference leads nowhere."""
    if "it is a row of" in cause:
        return f"The reference was looked up in another table: {cause.rpartition(': ')[2]}."
    if "points to no row" in cause:
        return "The row referred to was deleted or never written: a foreign key is missing, or it was filled first."
    if "has no legacy_object_id" in cause:
        return "The row referred to exists, but was born in PostgreSQL and never mirrored."
    return "The document refers to a record that PostgreSQL does not have: backfill that record first."


def _of_cause(cause: str) -> str:
    """The sentence behind a cause that each diff of the cluster shares."""
    for pattern, explain in PATTERNS:
        if found := pattern.fullmatch(cause):
            return explain(found)
    return SENTENCES.get(cause, "")


def _of_shapes(alike: Sequence[Shape]) -> str:
    """What the values have in common, where no diff alone told anything."""
    for shape in alike:
        if shape.rule == "offset":
            return _offset(shape.told)
        if shape.rule == "factor":
            return "One store holds a fixed multiple: another unit on its way, or a conversion done once too often."
        if shape.rule == "spelling":
            return "The same letters in another spelling: a conversion on the way between the stores."
        if shape.rule == "pair":
            return "One value stands for another throughout: an update that one store missed, or a wrong mapping."
        if shape.rule.startswith("one value in"):
            where = shape.rule.removeprefix("one value in ")
            return f"{where} holds one and the same value throughout: a default or fallback took the real one's place."
        if shape.rule == "another's":
            return "The values belong to other records: rows were joined or numbered wrongly."
    return ""


def _offset(told: str) -> str:
    """What a constant distance between two numbers points to."""
    if SMALL_STEP.fullmatch(told):
        return "One step in the last place: cut where it should be rounded, or carried through a floating point number."
    if ONE_STEP.fullmatch(told):
        return "One behind or ahead: an update that one store missed, or a count that begins elsewhere."
    return "A constant was added on the way: a default, a fee, or a migration of one store only."


def _unknown(symptom: Symptom) -> str:
    """What to say where nothing was recognized."""
    if symptom.redacted == "pii":
        return "Not recognized, and the values are masked: reveal one of the records to see more."
    return "Not recognized: the values have nothing in common that is known here. Look at a few records side by side."


def _minor(found: re.Match[str]) -> str:
    """Minor units taken for whole ones."""
    holder, exponent = found[1], int(found[2])
    unit = "cents" if exponent == 2 else f"units of 10^-{exponent}"  # noqa: PLR2004 - a hundred cents
    return f"Minor units ({unit}) and whole ones were mixed up: {holder} holds {10**exponent:,} times as much."


def _zone(found: re.Match[str]) -> str:
    """A local time taken for UTC."""
    length = f"{int(found[3])} h{f' {int(found[4])} min' if int(found[4]) else ''}"
    return f"Local time was taken for UTC, or converted twice: {found[1]} is {found[2]} by {length}."


def _cut(found: re.Match[str]) -> str:
    """A text cut off."""
    where = "MongoDB" if found[1] else "PostgreSQL"
    length = counted(int(found[2]), "character")
    return f"{where} holds only the first {length}: a column, or a step of the copy, is too short."


def _null(found: re.Match[str]) -> str:
    """Null on one side."""
    if found[2] == "an empty value":
        return f"An empty value became null in {found[1]}: a writer takes empty for absent."
    other = "MongoDB" if found[1] == "PostgreSQL" else "PostgreSQL"
    return f"{other} holds a value where {found[1]} has none: the field was left out when it was written or remapped."


PATTERNS: Final[tuple[tuple[re.Pattern[str], Explain], ...]] = (
    (MINOR, _minor),
    (LATER, _zone),
    (CUT, _cut),
    (re.compile(r"null in (\w+) for (an empty value|a value)"), _null),
)
SENTENCES: Final = {
    "same elements in another order": "The same elements in another order: positions were written or read unsorted.",
    "flipped": "True in one store, false in the other: an update that one store missed, or a default.",
    "emptied in PostgreSQL": "The text was emptied on its way to PostgreSQL.",
    "leading zero lost": "The text went through a number on its way, which has no leading zeros.",
    "white space at the ends": "One writer trims, the other does not: only blanks at the ends differ.",
    "white space": "Only white space differs: a writer collapses or adds blanks.",
    "upper and lower case": "Only upper and lower case differ: one writer lowers the text, the other does not.",
    "Unicode normalization": "The same letters in another Unicode form: a tool on the way composes or decomposes them.",
    "question marks for characters": "Letters became question marks: an encoding on the way does not have them.",
    "sign turned": "The sign is turned: money in and money out were mixed up.",
    "fraction lost": "The fraction is gone: a whole-number column or a conversion to whole numbers.",
    "last digits lost": "The last digits are gone: the number went through a double.",
    "zero in PostgreSQL": "PostgreSQL holds zero: a default took the place of the value.",
    "zero in MongoDB": "MongoDB holds zero: a default took the place of the value.",
    "milliseconds lost": "The milliseconds are gone: a writer or a column keeps whole seconds.",
    "time of day lost": "The time of day is gone: a writer or a column keeps days.",
    "off by less than a second": "Off by less than a second: each store stamped the time itself.",
}
