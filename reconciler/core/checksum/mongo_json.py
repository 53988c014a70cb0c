"""A value told as an expression that spells it as PostgreSQL prints jsonb: names by length, then by bytes."""

from typing import Any

from reconciler.core.checksum.words import DEEPEST_JSON, SOURCE_MARK

Expression = Any
LARGEST_WHOLE = 2.0**53
MOST_ITEMS = 2_000
FIRST_DAY, LAST_DAY = (
    -62_135_596_800_000,
    253_402_300_800_000,
)  # years 1 to 9999, which ISO 8601 spells with four digits


def as_json(value: Expression, *, depth: int = DEEPEST_JSON) -> Expression:
    """The value's JSON; the source's mark for what JSON has no form for, and for what lies too deep."""
    branches = [
        _case(value, ["string"], quoted(value)),
        _case(value, ["int", "long"], {"$toString": value}),
        {"case": _whole(value), "then": {"$toString": {"$toLong": value}}},
        _case(value, ["double"], _fraction(value)),
        _case(value, ["bool"], {"$cond": [value, "true", "false"]}),
        _case(value, ["null"], "null"),
        _case(value, ["objectId"], {"$concat": ['"', {"$toString": value}, '"']}),
        {"case": _spelled_date(value), "then": {"$concat": ['"', {"$toString": value}, '"']}},
    ]
    if depth:
        branches.append(_case(value, ["array", "object"], _nested(value, depth)))
    return {"$switch": {"branches": branches, "default": SOURCE_MARK}}


def quoted(value: Expression) -> Expression:
    """A text in quotes; one that JSON would escape is marked, or differs from what PostgreSQL prints."""
    plain = [{"$eq": [{"$indexOfBytes": [value, special]}, -1]} for special in ('"', "\\")]
    return {"$cond": [{"$and": plain}, {"$concat": ['"', value, '"']}, SOURCE_MARK]}


def _case(value: Expression, types: list[str], then: Expression) -> Expression:
    """A branch for values of some types."""
    return {"case": {"$in": [{"$type": value}, types]}, "then": then}


def _whole(value: Expression) -> Expression:
    """Whether a value is a double without a fraction."""
    bounds = [{"$gt": [value, -LARGEST_WHOLE]}, {"$lt": [value, LARGEST_WHOLE]}, {"$eq": [value, {"$trunc": value}]}]
    return {"$and": [{"$eq": [{"$type": value}, "double"]}, *bounds]}


def _fraction(value: Expression) -> Expression:
    """A double whose 15 digits lead back to it: then they are what it prints shortest."""
    digits = {"$convert": {"input": value, "to": "decimal", "onError": None}}
    back = {"$convert": {"input": "$$d", "to": "double", "onError": None}}
    text = {"$rtrim": {"input": {"$toString": "$$d"}, "chars": "0"}}
    finite = [{"$gt": [value, -1e15]}, {"$lt": [value, 1e15]}, {"$eq": [back, value]}]
    return {"$let": {"vars": {"d": digits}, "in": {"$cond": [{"$and": finite}, text, SOURCE_MARK]}}}


def _spelled_date(value: Expression) -> Expression:
    """Whether a value is a date of the years that four digits spell."""
    time = {"$toLong": value}
    bounds = [{"$gte": [time, FIRST_DAY]}, {"$lt": [time, LAST_DAY]}]
    return {"$and": [{"$eq": [{"$type": value}, "date"]}, *bounds]}


def _nested(value: Expression, depth: int) -> Expression:
    """An array, or an object by its sorted names, one expression for both."""
    listed, item = f"l{depth}", f"i{depth}"
    is_array = {"$isArray": [value]}
    named = {
        "$sortArray": {
            "input": {
                "$map": {
                    "input": {"$objectToArray": value},
                    "in": {"n": {"$strLenBytes": "$$this.k"}, "k": "$$this.k", "v": "$$this.v"},
                }
            },
            "sortBy": {"n": 1, "k": 1},
        }
    }
    # A missing value would shift nothing: elements of arrays and objects are never missing.
    plain = {"$map": {"input": value, "in": {"v": "$$this"}}}
    name = {"$cond": [{"$eq": [{"$type": f"$${item}.k"}, "string"]}, {"$concat": [quoted(f"$${item}.k"), ": "]}, ""]}
    told = {
        "$map": {
            "input": f"$${listed}",
            "as": item,
            "in": {"$concat": [name, as_json(f"$${item}.v", depth=depth - 1)]},
        }
    }
    comma = {"$cond": [{"$eq": ["$$value", ""]}, "", ", "]}
    joined = {"$reduce": {"input": told, "initialValue": "", "in": {"$concat": ["$$value", comma, "$$this"]}}}
    few = {"$lte": [{"$size": f"$${listed}"}, MOST_ITEMS]}
    brackets = [{"$cond": [is_array, "[", "{"]}, joined, {"$cond": [is_array, "]", "}"]}]
    return {
        "$let": {
            "vars": {listed: {"$cond": [is_array, plain, named]}},
            "in": {"$cond": [few, {"$concat": brackets}, SOURCE_MARK]},
        }
    }
