"""A drill: made-up raw records of an entity, good and bad in known ways, sent through rules, pairing and judgement."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reconciler.core.model import DiffKind, Opaque, Outcome, Raw, RawRecord, Side
from reconciler.core.outcomes import Judge
from reconciler.core.pairing import Pairing
from reconciler.core.records import Normalizer
from reconciler.core.ruling import Rulebook, beyond
from reconciler.core.spec import EntitySpec, FieldKind
from reconciler.core.specimens import PAST, Specimen, in_key, specimen

NOW_MS = 0
Expected = frozenset[tuple[Outcome, frozenset[tuple[str, DiffKind]]]]
MATCHED: Expected = frozenset({(Outcome.MATCHED, frozenset())})


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """Raw records of both sides, and what must become of them: outcomes with the fields that differ, and how.

    `ruled`: a declared rule is about the field, so that the records may match as well.
    """

    name: str
    source: tuple[RawRecord, ...]
    target: tuple[RawRecord, ...]
    expected: Expected
    ruled: bool = False


def drilled(entity: EntitySpec, *, seen_as: EntitySpec | None = None) -> tuple[int, int]:
    """How many exercises the fields allow, and how many came out right; `seen_as` is what the comparison uses."""
    exercises = [one for one in planned(entity) if not (one.ruled and outcome(entity, one) == MATCHED)]
    return len(exercises), sum(outcome(seen_as or entity, one) == one.expected for one in exercises)


def outcome(entity: EntitySpec, exercise: Exercise) -> Expected:
    """What the comparison makes of an exercise."""
    pairing = Pairing(entity)
    for side, raw in ((Side.SOURCE, exercise.source), (Side.TARGET, exercise.target)):
        normalizer = Normalizer(entity, side=side, digest=str.upper)
        pairing.push(side, [normalizer.record(one) for one in raw])
        pairing.close(side)
    judge = Judge(entity, now_ms=NOW_MS)
    judged = [judge.outcome(match) for match in pairing.ready()]
    return frozenset(
        (
            one.outcome,
            frozenset((diff.field_path, diff.kind) for diff in (one.diff.fields if one.diff else ())),
        )
        for one in judged
    )


def planned(entity: EntitySpec) -> Iterator[Exercise]:
    """Every exercise that the entity's fields allow."""
    good, book = _Good(entity), Rulebook(entity)
    yield from _of_records(entity, good)
    for index, field in enumerate(entity.fields):
        if field.path in entity.key:
            continue
        yield good.exercise(f"{field.path}: unreadable", index, source=BROKEN, expected=_only(Outcome.UNREADABLE))
        if entity.scope and field.path == entity.scope.path:
            continue
        for source, target, kind in good.specimens[index].bad:
            differs = _differs(field.path, kind)
            made = good.exercise(f"{field.path}: {kind}", index, source=source, target=target, expected=differs)
            yield replace(made, ruled=book.about(field.path))
        tolerance = book.tolerance(field.path)
        far = None if tolerance is None else beyond(tolerance, good.specimens[index].target)
        if far is not None:
            differs = _differs(field.path, DiffKind.VALUE)
            yield good.exercise(f"{field.path}: beyond its tolerance", index, target=far, expected=differs)


BROKEN = Opaque("canary", unreadable=True)
SAME = Opaque("same")


def _differs(path: str, kind: DiffKind) -> Expected:
    """A pair that differs at one field."""
    return frozenset({(Outcome.FIELD_MISMATCH, frozenset({(path, kind)}))})


def _only(outcome: Outcome) -> Expected:
    """One outcome without fields."""
    return frozenset({(outcome, frozenset())})


class _Good:
    """A pair of raw records that agree, in every spelling that the rules call equal."""

    def __init__(self, entity: EntitySpec) -> None:
        prefix = entity.scope.prefix if entity.scope else ""
        scoped = entity.scope.path if entity.scope else ""
        self.specimens: list[Specimen] = [
            specimen(field, prefix=prefix if field.path == scoped else "") if field.path not in entity.key
            else in_key(field, prefix=prefix if field.path == scoped else "")
            for field in entity.fields
        ]  # fmt: skip
        self.source = RawRecord(id="1", values=tuple(one.source for one in self.specimens))
        self.target = RawRecord(id="2", values=tuple(one.target for one in self.specimens))

    def exercise(
        self, name: str, index: int, *, expected: Expected, source: Raw = SAME, target: Raw = SAME
    ) -> Exercise:
        """The pair with another value at one place."""
        return Exercise(
            name=name,
            source=(_with(self.source, index, source),),
            target=(_with(self.target, index, target),),
            expected=expected,
        )


def _with(record: RawRecord, index: int, value: Raw) -> RawRecord:
    """The record with another value at one place."""
    if value is SAME:
        return record
    return replace(record, values=(*record.values[:index], value, *record.values[index + 1 :]))


def _of_records(entity: EntitySpec, good: _Good) -> Iterable[Exercise]:
    """Exercises about whole records: every outcome that the entity allows."""
    source, target = good.source, good.target
    twin = replace(target, id="3")
    doubled: Expected = frozenset({(Outcome.KEY_DEFECT, frozenset()), (Outcome.MISSING_IN_TARGET, frozenset())})
    yield Exercise(name="matched", source=(source,), target=(target,), expected=_only(Outcome.MATCHED))
    yield Exercise(name="missing", source=(source,), target=(), expected=_only(Outcome.MISSING_IN_TARGET))
    yield Exercise(name="extra", source=(), target=(target,), expected=_only(Outcome.EXTRA_IN_TARGET))
    yield Exercise(name="two rows", source=(source,), target=(target, twin), expected=doubled)
    key = entity.index(entity.ordered_key[0])
    nameless = _with(target, key, None)
    yield Exercise(name="null key", source=(), target=(nameless,), expected=_only(Outcome.KEY_DEFECT))
    if entity.field(entity.ordered_key[0]).kind is FieldKind.IDENTITY:
        upper = _with(target, key, str(target.values[key]).upper())
        yield Exercise(name="malformed key", source=(), target=(upper,), expected=_only(Outcome.KEY_DEFECT))
    if entity.ttl:
        gone = entity.index(entity.ttl)
        yield good.exercise("expired", gone, source=PAST, expected=_only(Outcome.OUT_OF_SCOPE))
    if entity.scope:
        yield from _outside(entity, good)


def _outside(entity: EntitySpec, good: _Good) -> Iterable[Exercise]:
    """Records of both sides that are outside the scope."""
    if entity.scope is None:
        return
    place = entity.index(entity.scope.path)
    other = f"x{entity.scope.prefix}"
    yield good.exercise("out of scope", place, source=other, target=other, expected=_only(Outcome.OUT_OF_SCOPE))
