"""Rules that make numbers canonical: integers, decimals at a column's scale, doubles, and numbers written as text."""

import math
import re
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal, InvalidOperation

from reconciler.core.model import MISSING, Canonical, Raw
from reconciler.core.spec import FieldSpec, NumberType
from reconciler.core.values import NAN, Rule, Token, UnreadableValue, mistyped

# PostgreSQL's numeric ends at 131,072 digits before the point and 16,383 after it; Decimal128 reaches 10^6144.
EXACT = Context(prec=150_000, rounding=ROUND_HALF_UP, Emin=MIN_EMIN, Emax=MAX_EMAX)
NUMERAL = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,6})?\s*", re.ASCII)
NAMED_NUMERAL = re.compile(r"\s*(nan|([+-]?)inf(inity)?)\s*", re.IGNORECASE | re.ASCII)
NO_NUMBER = "string that is no number"


def exact(value: float | Decimal) -> Canonical:
    """A double or Decimal as the number it is; NaN and infinities as tokens."""
    number = Decimal(value)
    if number.is_finite():
        return number
    return NAN if number.is_nan() else Token("Infinity" if number > 0 else "-Infinity")


def shortest(value: float) -> Canonical:
    """A double as what it prints shortest."""
    return Decimal(repr(value)) if math.isfinite(value) else exact(value)


def integer(value: Raw) -> Canonical:
    """A number compared as a number: int, Long and double are one type."""
    if type(value) is int:
        return value
    if value is None or value is MISSING:
        return None
    return exact(value) if type(value) is float else mistyped(value)


def integer_column(value: Raw) -> Canonical:
    """An integer column, or a numeric one that holds whole numbers."""
    return exact(value) if type(value) is Decimal else integer(value)


def decimal(spec: FieldSpec) -> Rule:
    """A number rounded to the column's scale, half away from zero."""
    accepts, step = frozenset(spec.accepts), Decimal(1).scaleb(-(spec.scale or 0))

    def rule(value: Raw) -> Canonical:
        number = _number(value, accepts)
        try:
            return number.quantize(step, context=EXACT) if isinstance(number, Decimal) else number
        except InvalidOperation:
            raise UnreadableValue(type_name="number with more digits than PostgreSQL holds") from None

    return rule


def decimal_column(value: Raw) -> Canonical:
    """A numeric column as it is."""
    if type(value) is Decimal:
        return exact(value)
    return integer(value)


def double(value: Raw) -> Canonical:
    """A number as the nearest double."""
    if type(value) is float or type(value) is int:
        number = float(value)
        return number if math.isfinite(number) else exact(number)
    return None if value is None or value is MISSING else mistyped(value)


def _number(value: Raw, accepts: frozenset[NumberType]) -> Canonical:
    """Any of the number types that a field accepts; a double counts as what it prints shortest."""
    if type(value) is Decimal and NumberType.DECIMAL128 in accepts:
        return exact(value)
    if type(value) is float and NumberType.DOUBLE in accepts:
        return shortest(value)
    if type(value) is int and NumberType.DOUBLE in accepts:
        return Decimal(value)
    if type(value) is str and NumberType.STRING in accepts:
        return _numeral(value)
    return None if value is None or value is MISSING else mistyped(value)


def _numeral(text: str) -> Canonical:
    """A number written as text, as PostgreSQL's numeric reads it."""
    if NUMERAL.fullmatch(text):
        return Decimal(text.strip())
    named = NAMED_NUMERAL.fullmatch(text)
    if named is None:
        raise UnreadableValue(type_name=NO_NUMBER)
    return NAN if named[2] is None else Token("-Infinity" if named[2] == "-" else "Infinity")
