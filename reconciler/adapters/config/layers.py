"""The layers of the settings (file, environment, flags): each is read and judged by itself, the later one wins."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, get_origin

from reconciler.adapters.config.mistakes import Place, Tree, dotted, mistake, suggestion, validated
from reconciler.adapters.config.service_shape import ServiceShape
from reconciler.adapters.config.shapes import Shape

PREFIX: Final = "RECONCILER_"
FOLDERS: Final = {"RECONCILER_CONFIG": "config", "RECONCILER_REPORTS": "reports"}
TOKEN: Final = "RECONCILER_TOKEN"  # noqa: S105 - the name of a variable
PROXY_KEY: Final = "RECONCILER_PROXY_KEY"
OIDC_SECRET: Final = "RECONCILER_OIDC_SECRET"  # noqa: S105 - the same
CHANNELS: Final = "RECONCILER_NOTIFY_"
SECRETS: Final = (TOKEN, PROXY_KEY, OIDC_SECRET)
OURS: Final = frozenset({*FOLDERS, *SECRETS, *(f"{name}_FILE" for name in SECRETS)})
SWITCHES: Final = {"true": True, "1": True, "false": False, "0": False}

Source = Literal["default", "file", "environment", "flag"]
Section = TypeVar("Section", bound=Shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What one source says of the settings."""

    source: Source
    shape: ServiceShape

    def section(self, name: str) -> Shape:
        """One section, whole; `model_fields_set` tells what this source set of it."""
        section: Shape = getattr(self.shape, name)
        return section


def sections() -> Mapping[str, type[Shape]]:
    """Every section of service.toml with its shape."""
    kinds = {name: field.annotation for name, field in ServiceShape.model_fields.items()}
    return {name: kind for name, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, Shape)}


def file_layer(tree: Tree, where: str, problems: list[str]) -> Layer:
    """The layer of service.toml."""
    return Layer(source="file", shape=validated(ServiceShape, tree, where, problems) or ServiceShape())


def environment_layer(environ: Mapping[str, str], problems: list[str]) -> Layer:
    """The layer of every `RECONCILER_<SECTION>__<KEY>`; an empty one counts as unset, those of channels are none."""
    tree: Tree = {}
    for name, text in sorted(environ.items()):
        if not name.startswith(PREFIX) or name.startswith(CHANNELS) or name in OURS or not text:
            continue
        section, separator, key = name.removeprefix(PREFIX).lower().partition("__")
        if not separator or section not in sections():
            problems.append(_unknown_variable(name, section))
        else:
            tree.setdefault(section, {})[key] = from_text(section, key, text)
    shape = validated(ServiceShape, tree, "environment", problems, spell=variable)
    return Layer(source="environment", shape=shape or ServiceShape())


def flag_layer(overrides: Mapping[str, object], problems: list[str]) -> Layer:
    """The layer of flags by dotted key (`server.port`); None is not given, a text is read like the environment's."""
    tree: Tree = {}
    for dotted_key, value in overrides.items():
        section, _, key = dotted_key.partition(".")
        if value is None:
            continue
        told = from_text(section, key, value) if isinstance(value, str) else value
        tree.setdefault(section, {})[key] = list(told) if isinstance(told, tuple) else told
    shape = validated(ServiceShape, tree, "command line", problems)
    return Layer(source="flag", shape=shape or ServiceShape())


def merged(first: Section, *later: Shape) -> Section:
    """The first with whatever the later ones set, the last winning."""
    update: dict[str, Any] = {}
    for shape in later:
        update |= {name: getattr(shape, name) for name in shape.model_fields_set}
    return first.model_copy(update=update)


def source_of(key: str, layers: Sequence[tuple[Source, Shape]]) -> Source:
    """Which of the layers, the last first, set the key."""
    for source, shape in reversed(layers):
        if key in shape.model_fields_set:
            return source
    return "default"


def from_text(section: str, key: str, text: str) -> object:
    """The text as the type of that setting; unchanged where it is none of that type, for the validation to find."""
    shape = sections().get(section)
    field = shape.model_fields.get(key) if shape else None
    kind: Any = field.annotation if field else str
    if get_origin(kind) is list:
        return [part.strip() for part in text.strip("[]").split(",") if part.strip()]
    if kind is bool:
        return SWITCHES.get(text.strip().lower(), text)
    if kind is int and re.fullmatch(r"[+-]?[0-9]{1,18}", text.strip()):
        return int(text)
    if kind is float and re.fullmatch(r"[+-]?[0-9]{1,18}([.][0-9]{1,18})?", text.strip()):
        return float(text)
    return text


def variable(place: Place) -> str:
    """`RECONCILER_GATE__SOAK_WINDOW`."""
    head = [str(part).upper() for part in place[:2]]
    return PREFIX + "__".join(head) + dotted(place[2:])


def _unknown_variable(name: str, section: str) -> str:
    """The mistake of a variable that names no section."""
    known = [*FOLDERS, *(f"{PREFIX}{one.upper()}__…" for one in sections())]
    close = suggestion(section, list(sections())) if "__" in name else f"one of {', '.join(known)}"
    return mistake("environment", name, expected=close, got="an unknown name")
