"""What people read about a mistake in a configuration, and a validation that finds every one of them."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Tree = dict[str, Any]
"""TOML as it was read: Any, because nothing is known of it before it is validated."""

Place = tuple[int | str, ...]

Model = TypeVar("Model", bound=BaseModel)

EXPECTED: Final = {
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "list_type": "an array",
    "dict_type": "a table",
    "model_type": "a table",
    "string_too_short": "a text that is not empty",
    "too_short": "at least one entry",
}
BOUNDS: Final = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
}
TYPE_NAMES: Final = {bool: "true or false", int: "a whole number", float: "a number", list: "an array", dict: "a table"}
LONGEST_SHOWN: Final = 60


def mistake(where: str, key: str, *, expected: str, got: str) -> str:
    """The line for one mistake: file, key, what was expected, what came."""
    return f"{where}: {key}: expected {expected}, got {got}" if key else f"{where}: expected {expected}, got {got}"


def shown(value: object) -> str:
    """A value as a mistake may show it: short, and never what could hold a password."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        return TYPE_NAMES.get(type(value), "a value of another type")
    if "://" in value or "@" in value:
        return "a text that may hold a password, so it is not shown"
    return repr(value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…")


def suggestion(wrong: str, known: Sequence[str]) -> str:
    """`(did you mean soak_window?)`, or what there is to choose from."""
    close = get_close_matches(wrong, known, n=1, cutoff=0.6)
    if close:
        return f"a known name (did you mean {close[0]}?)"
    return f"one of {', '.join(sorted(known))}" if known else "none here"


def dotted(place: Place) -> str:
    """`entity.user.fields."profile.phone".kind`, as TOML spells it."""
    spelled = ""
    for part in place:
        if isinstance(part, int):
            spelled += f"[{part}]"
        else:
            plain = part.replace("_", "").replace("-", "").isalnum()
            spelled += ("." if spelled else "") + (part if plain else f'"{part}"')
    return spelled


def read_toml(path: Path, where: str, problems: list[str]) -> Tree | None:
    """The file's tables; None and a mistake where it cannot be read or is no TOML."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        problems.append(mistake(where, "", expected="a file that can be read", got=error.strerror or "an error"))
    except UnicodeDecodeError as error:
        problems.append(mistake(where, "", expected="text in UTF-8", got=f"other bytes at offset {error.start}"))
    except tomllib.TOMLDecodeError as error:
        problems.append(mistake(where, "", expected="TOML", got=str(error)))
    return None


def validated(
    model: type[Model], tree: Tree, where: str, problems: list[str], *, spell: Callable[[Place], str] = dotted
) -> Model | None:
    """The tree as the model; every mistake goes to `problems`, and what holds one is left out.

    `spell` writes the key as people know it. None where too little is left; what is left out is not told as missing.
    """
    rest = deepcopy(tree)
    reported = False
    while True:
        try:
            return model.model_validate(rest)
        except ValidationError as error:
            details = error.errors(include_url=False)
        if not reported:
            problems += [_line(model, detail, where, spell) for detail in details]
            reported = True
        if not _prune(rest, [_culprit(detail) for detail in details]):
            return None


def _culprit(detail: ErrorDetails) -> Place:
    """The place to leave out: what lacks a key, or the value that is wrong."""
    place = detail["loc"]
    return place[:-1] if detail["type"] == "missing" else place


def _prune(tree: Tree, places: Sequence[Place]) -> bool:
    """Leaves these places out, later list entries first; False where the whole tree would have to go."""
    if () in places:
        return False
    for place in sorted(set(places), key=_last_entry_first, reverse=True):
        node: Any = tree
        for part in place[:-1]:
            node = node[part] if _holds(node, part) else None
        if _holds(node, place[-1]):
            del node[place[-1]]
    return True


def _last_entry_first(place: Place) -> list[tuple[int, str]]:
    """Sorts numbers as numbers, and what is inside after what it is in."""
    return [(part, "") if isinstance(part, int) else (-1, part) for part in place]


def _holds(node: object, part: int | str) -> bool:
    """Whether there is something below that part."""
    match node:
        case dict():
            return part in node
        case list():
            return isinstance(part, int) and part < len(node)
        case _:
            return False


def _line(model: type[BaseModel], detail: ErrorDetails, where: str, spell: Callable[[Place], str]) -> str:
    """The line for what pydantic found."""
    place, key = detail["loc"], spell(detail["loc"])
    match detail["type"]:
        case "missing":
            return mistake(where, key, expected="a value, as this key is required", got="nothing")
        case "extra_forbidden":
            known = _known_keys(model, place[:-1])
            return mistake(where, key, expected=suggestion(str(place[-1]), known), got="an unknown key")
        case _:
            return mistake(where, key, expected=_expected(detail), got=shown(detail["input"]))


def _expected(detail: ErrorDetails) -> str:
    """What pydantic wanted, in our words."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "enum":
        names = str(context["expected"]).replace(" or ", ", ").replace("'", "")
        return f"one of {names}"
    if kind in BOUNDS:
        name, words = BOUNDS[kind]
        return f"{words} {context[name]:g}"
    return EXPECTED.get(kind, detail["msg"])


def _known_keys(model: type[BaseModel], place: Place) -> list[str]:
    """The keys of the table at that place of a model."""
    current: Any = model
    for part in place:
        table = _table(current)
        current = table.model_fields[str(part)].annotation if table else _entries(current)
    table = _table(current)
    return list(table.model_fields) if table else []


def _choices(annotation: Any) -> list[Any]:  # noqa: ANN401 - an annotation is whatever typing makes it
    """The types that an annotation allows, without Annotated and Optional."""
    if get_origin(annotation) is Annotated:
        return _choices(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [choice for part in get_args(annotation) for choice in _choices(part)]
    return [annotation]


def _table(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - as above
    """The model that an annotation allows, if any."""
    models = [one for one in _choices(annotation) if isinstance(one, type) and issubclass(one, BaseModel)]
    return models[0] if models else None


def _entries(annotation: Any) -> Any:  # noqa: ANN401 - as above
    """The type of a mapping's values or a list's items."""
    containers = [one for one in _choices(annotation) if get_origin(one) in (dict, list, Mapping)]
    return get_args(containers[0])[-1]
