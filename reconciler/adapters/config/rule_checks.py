"""Mistakes in declared rules: paths that lead nowhere, into a key or into a sum, sizes that do not suit the field."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from reconciler.adapters.config.mistakes import mistake, suggestion
from reconciler.adapters.config.raw import DomainFile
from reconciler.adapters.config.shapes import DomainShape, EntityShape, FieldShape, RuleShape
from reconciler.core.model import Sensitivity
from reconciler.core.rules import RuleKind
from reconciler.core.ruling import field_of
from reconciler.core.spec import FieldKind, InvariantKind

NUMBERS: Final = frozenset({FieldKind.INTEGER, FieldKind.DECIMAL, FieldKind.DOUBLE})
OPEN: Final = frozenset({FieldKind.JSON, FieldKind.ARRAY, FieldKind.CHILDREN})


def rule_mistakes(file: DomainFile, shape: DomainShape) -> Iterator[str]:
    """Every mistake of a domain's rules."""
    places = [(rule.entity, rule.path) for rule in shape.rule]
    for number, rule in enumerate(shape.rule):
        key = f"rule[{number}]"
        if places.index((rule.entity, rule.path)) < number:
            got = f"another on {rule.entity}.{rule.path}"
            yield mistake(file.where, f"{key}.path", expected="one rule on each path", got=got)
        if rule.entity not in file.entities:
            expected = suggestion(rule.entity, sorted(file.entities))
            yield mistake(file.where, f"{key}.entity", expected=expected, got=repr(rule.entity))
        elif rule.entity in shape.entity:
            yield from _path(file, key, rule, shape.entity[rule.entity])
            yield from _summed(file.where, key, rule, shape)


def _path(file: DomainFile, key: str, rule: RuleShape, entity: EntityShape) -> Iterator[str]:
    """The path is a field outside the key or a place below one, and the size suits what lies there."""
    known = file.paths(rule.entity)
    closed = {*(entity.key or ("_id",)), *([entity.owner.entity] if entity.owner else [])}
    found = field_of(sorted(known), rule.path)
    if not found:
        expected = suggestion(rule.path, sorted(known - closed))
        yield mistake(file.where, f"{key}.path", expected=expected, got=repr(rule.path))
    elif found in closed:
        yield mistake(file.where, f"{key}.path", expected="a field outside the key and the owner", got=repr(rule.path))
    elif found in entity.fields:
        yield from _place(file.where, key, rule, found, entity.fields[found])


def _summed(where: str, key: str, rule: RuleShape, shape: DomainShape) -> Iterator[str]:
    """A sum is derived from what differs, so nothing may be taken away of what it adds up or groups by."""
    for one in shape.invariant:
        summed = one.kind is InvariantKind.SUM_EQUAL and one.entity == rule.entity
        if summed and field_of((*one.fields, *one.group), rule.path):
            expected = f"a field that invariant {one.name} neither adds up nor groups by"
            yield mistake(where, f"{key}.path", expected=expected, got=repr(rule.path))


def _place(where: str, key: str, rule: RuleShape, path: str, field: FieldShape) -> Iterator[str]:
    """A place below a field is one that can be told apart there; a tolerance has a size that suits the kind."""
    below = rule.path != path
    if below and field.kind not in OPEN:
        yield mistake(where, f"{key}.path", expected=f"{path} itself, of kind {field.kind}", got=repr(rule.path))
        return
    if below and field.sensitivity is Sensitivity.SECRET:
        expected = f"{path} itself: a secret field differs as a whole"
        yield mistake(where, f"{key}.path", expected=expected, got=repr(rule.path))
        return
    kind = field.kind
    if below and field.kind is FieldKind.CHILDREN:
        inner = {f"{path}[].{one}": child.kind for one, child in (field.fields or {}).items()}
        if rule.path not in inner:
            yield mistake(where, f"{key}.path", expected=suggestion(rule.path, sorted(inner)), got=repr(rule.path))
            return
        kind = inner[rule.path]
    yield from _size(where, key, rule, kind)


def _size(where: str, key: str, rule: RuleShape, kind: FieldKind) -> Iterator[str]:
    """A number for numbers, a duration for instants; nothing where all is ignored."""
    if rule.kind is RuleKind.IGNORE:
        if rule.tolerance is not None:
            yield mistake(where, f"{key}.tolerance", expected="nothing with kind ignore", got="a value")
    elif kind not in NUMBERS and kind is not FieldKind.INSTANT:
        expected = "a field of kind decimal, double, integer or instant"
        yield mistake(where, f"{key}.path", expected=expected, got=f"{rule.path} of kind {kind}")
    elif rule.tolerance is None:
        yield mistake(where, f"{key}.tolerance", expected="a value, as kind tolerance needs it", got="nothing")
    elif isinstance(rule.tolerance, timedelta) != (kind is FieldKind.INSTANT):
        expected = 'a duration like "5s"' if kind is FieldKind.INSTANT else "a number"
        got = "a duration" if isinstance(rule.tolerance, timedelta) else "a number"
        yield mistake(where, f"{key}.tolerance", expected=f"{expected} for kind {kind}", got=got)
