"""Parts of the reference that come from the code: commands, settings, checks, the API; and the site's map."""

import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, cast

import click
from aiohttp import web

from reconciler import __version__, core
from reconciler.adapters.clock import SystemClock
from reconciler.adapters.config.schema import config_schema
from reconciler.adapters.config.service_shape import ServiceShape
from reconciler.app.gate_tokens import Signer
from reconciler.app.ports import ReportStore
from reconciler.cli.main import root
from reconciler.core.gate import CHECK_ORDER
from reconciler.core.gate_values import Finding
from reconciler.core.spec import System
from reconciler.web.entrance import Entrance
from reconciler.web.openapi.document import MEANINGS, openapi_document
from reconciler.web.openapi.operations import OPERATIONS
from reconciler.web.routes import create_app
from reconciler.web.services import Acts, Gates, Insight, WebServices

MARK: Final = re.compile(r"<!-- generated: ([a-z]+) -->")
HEADING: Final = re.compile(r"^## +(.+)$")
LINK: Final = re.compile(r"\]\((?!https?:)([^)#\s]+)\.md[^)]*\)")
METHODS: Final = ("get", "post", "patch")

Schema = Mapping[str, Any]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown; nothing where there is no row."""
    if not rows:
        return ""
    lines = (head, ["---"] * len(head), *rows)
    return (
        "\n" + "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in lines) + "\n"
    )


def code(text: str, language: str = "text") -> str:
    """A block of code."""
    return f"\n```{language}\n{text}\n```\n"


# -- commands ----------------------------------------------------------------------------------------------------------


def commands() -> str:
    """Every command with what its `--help` says."""
    return "\n".join(_command(path, command) for path, command in _walk(root, ()))


def _walk(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, the groups' left out."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _walk(command, (*path, name))
        if command is not None and (not isinstance(command, click.Group) or command.invoke_without_command):
            yield (*path, name), command


def _command(path: Sequence[str], command: click.Command) -> str:
    """One command: usage, text, options."""
    name = " ".join(("reconciler", *path))
    usage = " ".join((name, *command.collect_usage_pieces(click.Context(command))))
    rows = [_option(one) for one in command.params if isinstance(one, click.Option)]
    text = "\n\n".join(part for part in (command.help, (command.epilog or "").replace(": ", ":\n", 1)) if part)
    parts = (f"\n## {name}\n", code(usage), _prose(text), table(("option", "default", "meaning"), rows))
    return "".join(parts)


def _prose(text: str) -> str:
    """The text of a command's help: examples as code, everything else as paragraphs."""
    told = []
    for part in inspect.cleandoc(text).replace("\b\n", "\n").split("\n\n"):
        head, _, rest = part.partition("\n")
        example = head.startswith("Example")
        told.append(f"\n{head}\n" + code(inspect.cleandoc(rest)) if example else f"\n{' '.join(part.split())}\n")
    return "".join(told)


def _option(option: click.Option) -> tuple[str, str, str]:
    """A row: its names with what it takes, its default, what it is for."""
    takes = "" if option.is_flag else f" {option.make_metavar(click.Context(click.Command('any')))}"
    default = option.default if isinstance(option.default, str | int) and not option.is_flag else None
    return f"`{', '.join(option.opts)}{takes}`", "" if default is None else f"`{default}`", option.help or ""


# -- settings ----------------------------------------------------------------------------------------------------------


FILES: Final = {"domain": "domains/DOMAIN.toml", "cutover": "cutover.toml", "notify": "notify.toml"}


def settings() -> str:
    """Every key of every file, with its type, its default and the name of its environment variable."""
    schemas = config_schema()
    service = cast("Schema", schemas["service"])
    values = ServiceShape().model_dump(mode="json")
    shapes = {name: _resolved(field, service) for name, field in service["properties"].items()}
    sections = (_section(name, shape, values[name]) for name, shape in shapes.items())
    return "\n## service.toml\n" + "".join(sections) + "".join(_file(name, schemas) for name in FILES)


def _section(name: str, schema: Schema, values: Mapping[str, object]) -> str:
    """A section of service.toml, with the values that hold where the file is silent."""
    rows = [
        (f"`{key}`", _type(field), _default({"default": values[key]}), f"`RECONCILER_{name.upper()}__{key.upper()}`")
        for key, field in schema["properties"].items()
    ]
    return f"\n### [{name}]\n\n{_told(schema)}\n" + table(("key", "type", "default", "environment"), rows)


def _file(name: str, schemas: Mapping[str, Mapping[str, object]]) -> str:
    """The shapes of a file of another kind."""
    schema = cast("Schema", schemas[name])
    title = FILES[name]
    shapes = {"top of the file": schema} | {key.removesuffix("Shape"): one for key, one in schema["$defs"].items()}
    told = [_shape(f"{name}: {key}", one) for key, one in shapes.items() if "properties" in one]
    return f"\n## {title}\n" + "".join(told)


def _shape(name: str, schema: Schema) -> str:
    """A table of keys."""
    required = schema.get("required", ())
    rows = [
        (f"`{key}`", _type(field), "required" if key in required else _default(field))
        for key, field in schema["properties"].items()
    ]
    return f"\n### {name}\n\n{_told(schema)}\n" + table(("key", "type", "default"), rows)


def _told(schema: Schema) -> str:
    """What a shape says of itself."""
    return " ".join(str(schema.get("description", "")).split())


def _resolved(field: Schema, whole: Schema) -> Schema:
    """The shape that a field refers to."""
    return cast("Schema", whole["$defs"][str(field["$ref"]).rpartition("/")[2]])


def _type(field: Schema) -> str:
    """The type of a key in a few words."""
    match field:
        case {"$ref": str(name)}:
            return f"a {name.rpartition('/')[2].removesuffix('Shape')}"
        case {"enum": list(words)}:
            return ", ".join(f"`{word}`" for word in words)
        case {"anyOf": list(ways)}:
            return " or ".join(_type(way) for way in ways)
        case {"type": "array"}:
            return f"list of {_type(field.get('items', {}))}"
        case {"type": "object"}:
            return "table"
        case _:
            return str(field.get("format", field.get("type", "any"))) + _bounds(field)


def _bounds(field: Schema) -> str:
    """The least and the most that a number may be."""
    words = (("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to"))
    return "".join(f" {word} {field[key]:,}" for key, word in words if key in field)


def _default(field: Schema) -> str:
    """A default as a file would spell it."""
    return f"`{json.dumps(field['default'])}`" if field.get("default") is not None else ""


# -- checks ------------------------------------------------------------------------------------------------------------


def checks() -> str:
    """Every check of the gate in its order, with the question that its function asks."""
    found = _functions()
    rows = [(f"`{name}`", inspect.getdoc(found[name]) or "", f"`{found[name].__module__}`") for name in CHECK_ORDER]
    return table(("check", "asks", "decided in"), rows)


def _functions() -> Mapping[str, Callable[..., object]]:
    """The functions of the core that give a finding of the gate, by name."""
    modules = [
        importlib.import_module(found.name) for found in pkgutil.walk_packages(core.__path__, "reconciler.core.")
    ]
    return {
        name: one
        for module in modules
        for name, one in inspect.getmembers(module, inspect.isfunction)
        if inspect.signature(one).return_annotation is Finding
    }


# -- the API -----------------------------------------------------------------------------------------------------------


def api() -> str:
    """Every operation of the API as /openapi.json tells it."""
    document = cast("Schema", openapi_document(_summaries(), version=__version__))
    refusals = [(f"`{status.value}`", told) for status, told in MEANINGS.items()]
    return (
        "\n## Refusals\n"
        + table(("status", "means"), refusals)
        + "".join(
            _operation(method, path, operations[method], document)
            for path, operations in document["paths"].items()
            for method in METHODS
            if method in operations
        )
    )


def _summaries() -> Mapping[tuple[str, str], str]:
    """The first sentence of each operation's handler; the application is made, nothing behind it is asked."""
    nothing: Any = None
    services = WebServices(
        system=System(domains=()),
        store=cast("ReportStore", nothing),
        verdicts=cast("Gates", nothing),
        acts=cast("Acts", nothing),
        clock=SystemClock(),
        entrance=cast("Entrance", nothing),
        signer=cast("Signer", nothing),
        insight=cast("Insight", nothing),
        title="",
        version="",
    )
    routes: list[web.AbstractRoute] = list(create_app(services).router.routes())
    handlers = {(one.method, one.resource.canonical): one.handler for one in routes if one.resource is not None}
    return {key: (inspect.getdoc(handlers[key]) or "").partition("\n\n")[0] for key in OPERATIONS}


def _operation(method: str, path: str, operation: Schema, document: Schema) -> str:
    """One operation: what it does, what it takes, what it answers."""
    told = f"\n## {method.upper()} {path}\n\n{operation['summary']} {operation.get('description', '')}\n"
    rows = [_parameter(one) for one in operation.get("parameters", ())]
    takes = table(("parameter", "in", "required", "type", "meaning"), rows)
    answers = operation["responses"].items()
    given = [f"- `{status}`: {_answer(answer)}" for status, answer in answers if "$ref" not in answer]
    refused = [f"`{status}`" for status, answer in answers if "$ref" in answer]
    refusals = f"\n- Refused with {', '.join(refused)}" if refused else ""
    return told + takes + _body(operation, document) + "\n" + "\n".join(given) + refusals + "\n"


def _parameter(one: Schema) -> tuple[str, ...]:
    """A row: where a parameter stands, and what it may be."""
    required = "yes" if one.get("required") else ""
    return f"`{one['name']}`", one["in"], required, _json_type(one["schema"]), one.get("description", "")


def _body(operation: Schema, document: Schema) -> str:
    """The keys of the body that an operation takes."""
    if "requestBody" not in operation:
        return ""
    (content,) = operation["requestBody"]["content"].values()
    schema = document["components"]["schemas"][str(content["schema"]["$ref"]).rpartition("/")[2]]
    rows = [
        (f"`{key}`", "yes" if key in schema.get("required", ()) else "", _json_type(one))
        for key, one in schema.get("properties", {}).items()
    ]
    return table(("key of the body", "required", "type"), rows)


def _answer(told: Schema) -> str:
    """The forms that an answer has."""
    forms = []
    for media, one in told.get("content", {}).items():
        name = str(one.get("schema", {}).get("$ref", "")).rpartition("/")[2]
        forms.append(f"`{media}`, a `{name}`" if name else f"`{media}`")
    return " or ".join(forms) or str(told["description"])


def _json_type(schema: Schema) -> str:
    """A JSON type in a few words."""
    match schema:
        case {"enum": list(words)}:
            return ", ".join(f"`{word}`" for word in words)
        case {"anyOf": list(ways)}:
            return " or ".join(_json_type(way) for way in ways)
        case {"type": "array"}:
            return f"list of {_json_type(schema.get('items', {}))}"
        case _:
            return str(schema.get("format", schema.get("type", "any")))


# -- the map -----------------------------------------------------------------------------------------------------------


def contents(index: str) -> str:
    """The navigation of the site: each section of the index with the pages that it links to."""
    sections: dict[str, list[str]] = {}
    title = ""
    for line in index.splitlines():
        if found := HEADING.match(line):
            title = found[1]
        sections.setdefault(title, []).extend(LINK.findall(line))
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:maxdepth: 1\n:caption: {name}\n\n" + "\n".join(dict.fromkeys(pages)) + "\n```\n"
        for name, pages in sections.items()
        if pages and name
    )


PARTS: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {"commands": commands, "settings": settings, "checks": checks, "api": api}
)
