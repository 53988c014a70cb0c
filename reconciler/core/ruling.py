"""Applying declared rules to what was found: which field diffs they take away, and which rule took each."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction

from reconciler.core.model import Canonical, FieldDiff, Instant, Raw
from reconciler.core.rules import RuleKind, RuleSpec
from reconciler.core.spec import DomainSpec, EntitySpec
from reconciler.core.values import Milliseconds

INDEX = re.compile(r"\[\d+\]")
NUMBERS = frozenset({int, float, Decimal})  # exactly: neither booleans nor instants
MILLISECOND = timedelta(milliseconds=1)
EXACT = Context(prec=150_000)


def domain_at(domain: DomainSpec, moment: datetime) -> DomainSpec:
    """The domain with the rules that apply at that moment; those that have expired are gone."""
    return replace(domain, entities=tuple(entity_at(entity, moment) for entity in domain.entities))


def entity_at(entity: EntitySpec, moment: datetime) -> EntitySpec:
    """The entity with the rules that apply at that moment."""
    rules = tuple(rule for rule in entity.rules if rule.applies_at(moment))
    return entity if rules == entity.rules else replace(entity, rules=rules)


def expired(domain: DomainSpec, moment: datetime) -> tuple[tuple[str, RuleSpec], ...]:
    """The rules of a domain that have expired by then, with their entities."""
    return tuple((entity, rule) for entity, rule in domain.rules if not rule.applies_at(moment))


class Rulebook:
    """The rules of one entity, each under the field that it belongs to."""

    def __init__(self, entity: EntitySpec) -> None:
        """Rules that have expired must be left out before (`entity_at`)."""
        paths = [field.path for field in entity.fields]
        self._of_field: dict[str, list[RuleSpec]] = {}
        for rule in sorted(entity.rules, key=lambda one: len(one.path), reverse=True):
            self._of_field.setdefault(field_of(paths, rule.path), []).append(rule)

    def __bool__(self) -> bool:
        """Whether there is any rule."""
        return bool(self._of_field)

    def about(self, path: str) -> bool:
        """Whether a rule is about this field or a place below it."""
        return path in self._of_field

    def tolerance(self, path: str) -> Decimal | timedelta | None:
        """How far apart the field's own values may be; None where no such rule is about the field as a whole."""
        return next((rule.tolerance for rule in self._of_field.get(path, ()) if rule.path == path), None)

    def applied(self, diffs: Sequence[FieldDiff]) -> tuple[tuple[FieldDiff, ...], tuple[RuleSpec, ...]]:
        """The diffs that no rule takes away, and the rules that took the others, each once."""
        taken = [(diff, self._rule(diff)) for diff in diffs]
        left = tuple(diff for diff, rule in taken if rule is None)
        return left, tuple(dict.fromkeys(rule for _, rule in taken if rule is not None))

    def _rule(self, diff: FieldDiff) -> RuleSpec | None:
        """The rule that takes a diff away: of several on its way the one with the longest path."""
        rules = self._of_field.get(diff.field_path, ())
        place = diff.field_path + INDEX.sub("[]", diff.path.removeprefix(diff.field_path))
        return next((rule for rule in rules if _covers(rule, place) and _takes(rule, diff)), None)


def field_of(paths: Sequence[str], path: str) -> str:
    """The longest of the paths that a path is or lies below; empty where there is none."""
    above = (one for one in paths if path == one or path.startswith((f"{one}.", f"{one}[")))
    return max(above, key=len, default="")


def within(tolerance: Decimal | timedelta, source: Canonical, target: Canonical) -> bool:
    """Whether two numbers, or two instants for a duration, are no further apart than that; exactly, not rounded."""
    match tolerance, source, target:
        case timedelta(), Milliseconds(), Milliseconds():
            return abs(int(source) - int(target)) <= tolerance // MILLISECOND
        case Decimal(), (int() | float() | Decimal()), (int() | float() | Decimal()):
            counted = {type(source), type(target)} <= NUMBERS
            return counted and abs(Fraction(source) - Fraction(target)) <= Fraction(tolerance)
        case _:
            return False


def beyond(tolerance: Decimal | timedelta, value: Raw) -> Raw:
    """A value of the same form, raw or canonical, that is further away than that; None for one without distances."""
    if isinstance(tolerance, timedelta):
        far = 2 * (tolerance // MILLISECOND) + 2
        if isinstance(value, Instant):
            return Instant(value.microseconds + far * 1000)
        return Milliseconds(int(value) + far) if isinstance(value, Milliseconds) else None
    match value:
        case bool() | Milliseconds():
            return None
        case int():
            return value + int(2 * tolerance) + 2
        case float():
            step = max(abs(value), float(2 * tolerance) + 1)
            return value - step if value > 0 else value + step
        case Decimal():
            return EXACT.add(value, 2 * tolerance + 1)
        case _:
            return None


def _covers(rule: RuleSpec, place: str) -> bool:
    """Whether a place is the rule's own or lies below it."""
    return place == rule.path or place.startswith((f"{rule.path}.", f"{rule.path}["))


def _takes(rule: RuleSpec, diff: FieldDiff) -> bool:
    """Whether the difference is of a kind and size that the rule is about."""
    if rule.kind is RuleKind.IGNORE or rule.tolerance is None:
        return rule.kind is RuleKind.IGNORE
    return within(rule.tolerance, diff.source, diff.target)
