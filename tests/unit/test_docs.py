"""The pages against the code: commands, options, keys, defaults, checks, words, routes and modules can't grow old.

Run as a script it writes docs/modules.md from the docstrings.
"""

import ast
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import takewhile
from pathlib import Path
from typing import Any, cast

import click
import pytest

from reconciler.adapters.clock import SystemClock
from reconciler.adapters.config.notify import SHORT
from reconciler.adapters.config.schema import config_schema
from reconciler.adapters.config.service_shape import ServiceShape
from reconciler.adapters.config.values import DURATION, parse_duration
from reconciler.adapters.config_files import load_configuration
from reconciler.app.gate_tokens import Signer
from reconciler.app.ports import ReportStore
from reconciler.cli.main import root
from reconciler.core.access import Role, rights_of
from reconciler.core.channels import USUAL
from reconciler.core.cutover import StepKind, StepState
from reconciler.core.events import EventType
from reconciler.core.gate import CHECK_ORDER
from reconciler.core.gate_values import CheckResult, GateVerdict, SoakEvent
from reconciler.core.model import DiffKind, DiffState, Mode, Outcome, RunStatus, Sensitivity, Verdict
from reconciler.core.spec import FieldKind, InvariantKind, System
from reconciler.core.timeline import BandState, MomentKind
from reconciler.web.entrance import Entrance
from reconciler.web.rights import RIGHTS
from reconciler.web.routes import create_app
from reconciler.web.services import Acts, Gates, Insight, WebServices

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")), ROOT / "reports" / "README.md"]
MODULES_PAGE = DOCS / "modules.md"
GROWING = (MODULES_PAGE, ROOT / "CHANGELOG.md")  # nobody reads them from end to end
LONGEST_PAGE = 150
SEPARATOR = re.compile(r"\|(-+\|)+")
CELL = re.compile(r"(?<!\\)\|")
HEADING = re.compile(r"^(#+) +(.+?) *$")
CODE_SPAN = re.compile(r"`([^`]+)`")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]*)\)")
PICTURE = re.compile(r'(?:src|srcset)="([^"]+)"')
COMMAND = re.compile(r"reconciler ([a-z]+(?: [a-z]+)?)")
CALLED = re.compile(r"(?:^|bin/)reconciler ([a-z]+(?: [a-z]+)?)", re.MULTILINE)
OPTION = re.compile(r"--[a-z][a-z-]*")
EXIT_CODES = {"0", "1", "2", "3", "4", "5", "130, 143"}
SHAPES = {"Entity": "EntityShape", "Owner": "OwnerShape", "Scope": "ScopeShape", "Field": "FieldShape",
          "Invariant": "InvariantShape"}  # fmt: skip
MODULES_HEAD = """\
# Modules

Every module in the sentence that it opens with. `tests/unit/test_docs.py` writes this page and compares it with the
code.
"""

Row = tuple[str, ...]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def told(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tables(page: str) -> Iterator[tuple[str, list[Row]]]:
    """Each table below the heading it stands under: its head first."""
    heading, lines = "", FENCED.sub("", page).splitlines()
    for number, line in enumerate(lines):
        if found := HEADING.match(line):
            heading = found[2]
        elif SEPARATOR.fullmatch(line):
            body = takewhile(lambda row: row.startswith("|"), lines[number + 1 :])
            yield heading, [cells(row) for row in (lines[number - 1], *body)]


def cells(line: str) -> Row:
    return tuple(cell.strip() for cell in CELL.split(line.strip().removeprefix("|").removesuffix("|")))


def table_under(page: Path, heading: str) -> list[Row]:
    """The rows of the first table under a heading."""
    found = next((rows for under, rows in tables(text_of(page)) if under == heading), None)
    assert found is not None, f"{told(page)} has no table under {heading!r}"
    return found[1:]


def words_under(page: Path, head: str) -> list[str]:
    """The first column of the table whose first cell is `head`."""
    found = [rows for _, rows in tables(text_of(page)) if rows[0][0] == head]
    assert found, f"{told(page)} has no table of {head!r}"
    return [row[0].strip("`") for rows in found for row in rows[1:]]


def anchors(page: str) -> set[str]:
    """The names under which headings can be linked to."""
    headings = (found[2] for line in FENCED.sub("", page).splitlines() if (found := HEADING.match(line)))
    return {re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower().replace(" ", "-") for heading in headings}


# -- pages -------------------------------------------------------------------------------------------------------------


def test_every_link_leads_to_a_page_and_a_heading_of_it() -> None:
    dead = []
    for page in PAGES:
        for link in LINK.findall(FENCED.sub("", text_of(page))):
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            if not target.exists() or (anchor and anchor not in anchors(text_of(target))):
                dead.append(f"{told(page)}: {link}")
    assert dead == []


def test_no_page_is_longer_than_a_reader_bears() -> None:
    lengths = {told(page): len(text_of(page).splitlines()) for page in PAGES if page not in GROWING}
    assert {page: length for page, length in lengths.items() if length > LONGEST_PAGE} == {}


def test_every_page_can_be_reached_from_the_index() -> None:
    reached, waiting = {DOCS / "index.md"}, [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        for link in LINK.findall(text_of(page)):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.exists() and target not in reached:
                reached.add(target)
                waiting.append(target)
    lost = [told(page) for page in DOCS.rglob("*.md") if page not in reached and page.parent.name != "pictures"]
    assert lost == []


def test_every_table_has_as_many_cells_in_each_row() -> None:
    ragged = [
        f"{told(page)}: {row[0]}"
        for page in PAGES
        for _, rows in tables(text_of(page))
        for row in rows
        if len(row) != len(rows[0])
    ]
    assert ragged == []


def test_decisions_are_numbered_without_a_gap_and_say_why() -> None:
    pages = sorted((DOCS / "decisions").glob("*.md"))
    assert [page.name[:5] for page in pages] == [f"{number:04d}-" for number in range(1, len(pages) + 1)]
    lacking = [
        f"{told(page)}: {part}"
        for page in pages
        for part in (f"# {page.name[:4]} ", "## Choice", "## Why", "## What would change it")
        if part not in text_of(page)
    ]
    assert lacking == []


def test_every_picture_is_there_and_explained() -> None:
    shown = PICTURE.findall(text_of(ROOT / "README.md"))
    assert shown, "README.md shows no picture"
    assert [name for name in shown if not (ROOT / name).is_file()] == []
    folder = DOCS / "pictures"
    explained = CODE_SPAN.findall(" ".join(row[0] for row in table_under(folder / "README.md", "Pictures")))
    assert sorted(explained) == sorted(path.name for path in folder.glob("*.png"))


def test_the_domain_of_the_readme_is_one(tmp_path: Path) -> None:
    (example,) = [code for language, code in FENCED.findall(text_of(ROOT / "README.md")) if language == "toml"]
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "config", folder)
    (folder / "domains" / "wishlist.toml").write_text(example, encoding="utf-8")
    domain = load_configuration(folder=folder, environ={}).system.domain("wishlist")
    assert [entity.name for entity in domain.entities] == ["wish"]


# -- configuration -----------------------------------------------------------------------------------------------------


def shape(schema: Mapping[str, Any]) -> dict[str, str]:
    """Each key of a JSON Schema with its default as the pages spell it."""
    required = schema.get("required", ())
    return {key: "required" if key in required else spelled(field) for key, field in schema["properties"].items()}


def spelled(field: Mapping[str, Any]) -> str:
    """A default as TOML has it; `table` and `list` where tables of their own stand there, `none` for no value."""
    default, inner = field.get("default"), str(field.get("additionalProperties", field.get("items")))
    if isinstance(default, dict) and (default or "Shape" in inner):
        return "table"
    if default == [] and "Shape" in inner:
        return "list"
    return "none" if default is None else json.dumps(default)


def documented(page: Path, heading: str) -> dict[str, str]:
    """Each key that a page has under a heading, with its default."""
    return {row[0].strip("`"): row[1].strip("`") for row in table_under(page, heading)}


def same_default(page: str, code: str) -> bool:
    """Whether two spellings mean one default: `72h` is `3d`."""
    spelt = [text.strip('"') for text in (page, code)]
    durations = [DURATION.fullmatch(text) is not None for text in spelt]
    return parse_duration(spelt[0]) == parse_duration(spelt[1]) if all(durations) else page == code


def assert_documented(page: Path, heading: str, wanted: Mapping[str, str]) -> None:
    """The page has every key and no other, each with its default."""
    there = documented(page, heading)
    assert sorted(there) == sorted(wanted), f"{told(page)}, {heading}"
    wrong = {key: (there[key], code) for key, code in wanted.items() if not same_default(there[key], code)}
    assert wrong == {}, f"{told(page)}, {heading}: (page, code)"


def test_every_section_of_the_service_is_documented() -> None:
    page, service = DOCS / "configuration.md", ServiceShape().model_dump(mode="json")
    headings = [heading for heading, _ in tables(text_of(page))]
    assert sorted(headings) == sorted(f"[{section}]" for section in service)
    for section, keys in service.items():
        defaults = {key: "none" if value is None else json.dumps(value) for key, value in keys.items()}
        assert_documented(page, f"[{section}]", defaults)


def test_every_key_of_a_domain_is_documented() -> None:
    schema: Mapping[str, Any] = config_schema()["domain"]
    assert_documented(DOCS / "configuration-domain.md", "Domain", shape(schema))
    for heading, name in SHAPES.items():
        assert_documented(DOCS / "configuration-domain.md", heading, shape(schema["$defs"][name]))


def test_every_key_of_a_step_of_the_cutover_is_documented() -> None:
    there = documented(DOCS / "cutover.md", "cutover.toml")
    assert sorted(there) == sorted(config_schema()["cutover"]["$defs"]["StepShape"]["properties"])  # type: ignore[index]


def test_every_key_of_a_channel_is_documented() -> None:
    page, schema = DOCS / "notifications.md", config_schema()["notify"]
    assert_documented(page, "Top of notify.toml", shape(schema))
    wanted: dict[str, str] = shape(schema["$defs"]["ChannelShape"])  # type: ignore[index]
    there = documented(page, "Channel")
    assert sorted(there) == sorted(wanted)
    assert {key: there[key] for key in wanted if key != "events" and not same_default(there[key], wanted[key])} == {}


def test_every_event_is_documented_with_its_type() -> None:
    rows = table_under(DOCS / "notifications.md", "Events")
    assert {row[1].strip("`"): row[0].strip("`") for row in rows} == {
        kind.value: kind.short if kind in SHORT.values() else "" for kind in EventType
    }
    assert {row[0].strip("`") for row in rows if "*usual*" in row[2]} == {kind.short for kind in USUAL}


def test_a_wrong_default_would_be_seen() -> None:
    assert same_default('"72h"', '"3d"')
    assert not same_default('"73h"', '"3d"')
    assert not same_default("2", "3")


# -- words -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "head", "kind"),
    [
        ("glossary.md", "mode", Mode),
        ("glossary.md", "status", RunStatus),
        ("glossary.md", "run verdict", Verdict),
        ("glossary.md", "outcome", Outcome),
        ("glossary.md", "kind of a field diff", DiffKind),
        ("glossary.md", "diff state", DiffState),
        ("glossary.md", "sensitivity", Sensitivity),
        ("glossary.md", "gate verdict", GateVerdict),
        ("glossary.md", "check result", CheckResult),
        ("gate.md", "verdict", GateVerdict),
        ("gate.md", "event", SoakEvent),
        ("gate.md", "state", BandState),
        ("gate.md", "moment", MomentKind),
        ("cutover.md", "kind", StepKind),
        ("cutover.md", "state", StepState),
        ("equality.md", "kind", FieldKind),
        ("configuration-domain.md", "kind of invariant", InvariantKind),
    ],
)
def test_a_page_has_every_word_of_a_kind_once(page: str, head: str, kind: type[StrEnum]) -> None:
    assert sorted(words_under(DOCS / page, head)) == sorted(one.value for one in kind)


def test_every_check_of_the_gate_is_documented_in_its_order() -> None:
    assert words_under(DOCS / "gate.md", "check") == list(CHECK_ORDER)


# -- faces -------------------------------------------------------------------------------------------------------------


def commands(group: click.Group, path: Sequence[str] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command with its name, the groups' left out."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            yield from commands(command, [*path, name])
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield " ".join([*path, name]), command


def options(command: click.Command) -> set[str]:
    return {name for one in command.params if isinstance(one, click.Option) for name in one.opts}


def test_every_command_is_documented_with_its_options() -> None:
    rows = next(rows for _, rows in tables(text_of(DOCS / "command-line.md")) if rows[0][0] == "command")
    there = {found[1]: set(OPTION.findall(row[1])) for row in rows[1:] if (found := COMMAND.match(row[0].strip("`")))}
    assert len(there) == len(rows) - 1, "each row begins with a command of its own"
    assert there == {name: options(command) for name, command in commands(root)}


def test_every_option_of_run_is_explained() -> None:
    run = dict(commands(root))["run"]
    explained = {row[0].strip("`") for row in table_under(DOCS / "command-line.md", "run")}
    assert explained | {"--format"} == options(run)


def test_pages_name_no_command_that_is_not_there() -> None:
    known = {name for name, _ in commands(root)}
    known |= {name.partition(" ")[0] for name in known}
    named = [(page, name) for page in PAGES if page != MODULES_PAGE for name in commands_named(text_of(page))]
    assert named
    assert [f"{told(page)}: {name}" for page, name in named if not {name, name.partition(" ")[0]} & known] == []


def commands_named(page: str) -> list[str]:
    """Every command that a page shows as code."""
    code = [*CODE_SPAN.findall(FENCED.sub("", page)), *(block for _, block in FENCED.findall(page))]
    return [name for part in code for name in CALLED.findall(part)]


@pytest.mark.parametrize("page", ["README.md", "docs/command-line.md"])
def test_every_exit_code_is_documented(page: str) -> None:
    found = [rows for _, rows in tables(text_of(ROOT / page)) if rows[0][0] in ("exit code", "code")]
    assert [{row[0] for row in rows[1:]} for rows in found] == [EXIT_CODES]


def routes() -> set[tuple[str, str]]:
    """Method and path of every route; the application is made, nothing behind it is asked."""
    services = WebServices(
        system=System(domains=()),
        store=cast("ReportStore", None),
        verdicts=cast("Gates", None),
        acts=cast("Acts", None),
        clock=SystemClock(),
        entrance=cast("Entrance", None),
        signer=cast("Signer", None),
        insight=cast("Insight", None),
        title="",
        version="",
    )
    resources = [(route.method, route.resource) for route in create_app(services).router.routes()]
    named = {(method, resource.canonical) for method, resource in resources if resource and method != "HEAD"}
    return {(method, f"{path}/{{filename}}" if path == "/static" else path) for method, path in named}


def test_every_role_is_documented_with_its_rights() -> None:
    there = {row[0].strip("`"): set(CODE_SPAN.findall(row[1])) for row in table_under(DOCS / "access.md", "Roles")}
    assert there == {role.value: {right.value for right in rights_of(role)} for role in Role}


def addresses() -> list[Row]:
    """Every row of the tables of addresses."""
    pages = (text_of(DOCS / name) for name in ("http.md", "http-acts.md"))
    return [row for page in pages for _, rows in tables(page) if rows[0][0] == "method" for row in rows[1:]]


def test_every_right_is_documented() -> None:
    told_of = {(row[0], row[1].strip("`").removesuffix("/{filename}")): row[3] for row in addresses()}
    assert told_of == {route: right.value if right else "nothing" for route, right in RIGHTS.items()}


def test_every_route_is_documented() -> None:
    assert {(row[0], row[1].strip("`")) for row in addresses()} == routes()


# -- modules -----------------------------------------------------------------------------------------------------------


def modules_page() -> str:
    """docs/modules.md as the docstrings have it."""
    by_folder: dict[str, list[Path]] = {}
    for path in sorted((ROOT / "reconciler").rglob("*.py")):
        by_folder.setdefault(told(path.parent), []).append(path)
    return MODULES_HEAD + "".join(_folder(folder, paths) for folder, paths in sorted(by_folder.items()))


def _folder(folder: str, paths: Sequence[Path]) -> str:
    own = [path for path in paths if path.name == "__init__.py"]
    rows = [f"| `{path.name}` | {sentence(path)} |\n" for path in paths if path not in own]
    table = "".join(["\n| module | what is in it |\n|---|---|\n", *rows]) if rows else ""
    return f"\n## {folder}\n\n{sentence(own[0]) if own else ''}\n{table}"


def sentence(path: Path) -> str:
    """The first paragraph of a module's docstring, fit for a cell."""
    first = (ast.get_docstring(ast.parse(text_of(path))) or "").partition("\n\n")[0]
    return " ".join(first.split()).replace("|", "\\|")


def test_every_module_is_on_its_page() -> None:
    assert text_of(MODULES_PAGE) == modules_page(), "call `python tests/unit/test_docs.py`, which writes the page"


def test_every_module_that_the_architecture_names_exists() -> None:
    named = [span for span in CODE_SPAN.findall(FENCED.sub("", text_of(DOCS / "architecture.md"))) if "/" in span]
    assert named
    assert [name for name in named if not (ROOT / "reconciler" / name).exists() and not (ROOT / name).exists()] == []


if __name__ == "__main__":
    MODULES_PAGE.write_text(modules_page(), encoding="utf-8")
