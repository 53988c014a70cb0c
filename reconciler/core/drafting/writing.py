"""A draft as the text of its files: TOML with a comment on everything that is unsure."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from reconciler.core.drafting.draft import Draft, DraftChildren, DraftDomain, DraftEntity, DraftField, DraftUnique
from reconciler.core.drafting.names import snake_case
from reconciler.core.spec import FieldKind

BARE = re.compile(r"[A-Za-z0-9_-]+")
DEFAULT_ROW_ID, DEFAULT_LEGACY, DEFAULT_POSITION = "id", "legacy_object_id", "position"
NAMES_ALONE = (
    "unsure: who may see a field is guessed from its name alone; what bears no telling name is plain. Go through them"
)
WIDTH = 116


def domain_files(draft: Draft) -> dict[str, str]:
    """The text of each domain's file, by the file's name."""
    return {f"{domain.name}.toml": _text(_domain(domain)) for domain in draft.domains}


def left_tables(draft: Draft) -> str:
    """The tables that belong to no domain, as comments; empty where there are none."""
    if not draft.left_tables:
        return ""
    lines = [f"# {_plain(table)}: {_plain(why)}" for table, why in draft.left_tables]
    return _text(["", "# -- tables that no domain compares " + "-" * 60, *lines])


def _text(lines: Iterable[str]) -> str:
    """Lines as a file."""
    return "\n".join(lines).rstrip("\n") + "\n"


def _domain(domain: DraftDomain) -> Iterator[str]:
    """The lines of one domain's file."""
    yield from _comment(
        "Guessed from both live schemas by `reconciler init`: read it, mend it, then `reconciler config validate`."
    )
    yield f"domain = {_string(domain.name)}"
    yield f"title = {_string(domain.title)}"
    if not domain.not_comparable:
        yield "# unsure: the setting that flips the domain can not be guessed."
        yield '# flag = "NAME_OF_THE_SETTING"   (then take live_flag = false away)'
    yield "live_flag = false"
    if domain.depends_on:
        yield "# Domains that its records refer to: they must be clean first."
        yield f"depends_on = {_strings(domain.depends_on)}"
    if domain.not_comparable:
        yield f"collections = {_strings(domain.collections)}"
        yield "# unsure: a table of another name may hold it after all."
        yield f"not_comparable = {_string(domain.not_comparable)}"
    for entity in domain.entities:
        yield from _entity(entity)
    for entity in domain.entities:
        for item in entity.unique:
            yield from _invariant(item)


def _entity(entity: DraftEntity) -> Iterator[str]:
    """One entity with its fields."""
    yield ""
    for doubt in entity.doubts:
        yield from _comment(f"unsure: {doubt}")
    yield f"[entity.{entity.name}]"
    yield f"collection = {_string(entity.collection)}"
    if entity.embedded:
        yield f"embedded = {_string(entity.embedded)}"
        yield f"owner = {{ entity = {_string(entity.owner)}, column = {_string(entity.owner_column)} }}"
    yield f"table = {_string(entity.table)}"
    if entity.key:
        yield f"key = {_strings(entity.key)}"
    if entity.row_id != DEFAULT_ROW_ID:
        yield f"row_id = {_string(entity.row_id)}"
    if entity.legacy_column not in ("", DEFAULT_LEGACY):
        yield f"legacy_column = {_string(entity.legacy_column)}"
    if entity.ttl:
        yield f"ttl = {_string(entity.ttl)}"
    if entity.may_be_empty:
        yield "may_be_empty = true"
    yield from _fields(entity)


def _fields(entity: DraftEntity) -> Iterator[str]:
    """The fields of an entity, its child tables behind them; what is not compared above."""
    yield ""
    for note in entity.notes:
        yield from _comment(f"not compared: {note}")
    yield from _comment(NAMES_ALONE)
    yield f"[entity.{entity.name}.fields]"
    for field in entity.fields:
        if field.children is None:
            yield from _field(field)
    for field in entity.fields:
        if field.children is not None:
            yield from _child_table(f"entity.{entity.name}.fields.{_key(field.path)}", field, field.children)


def _field(field: DraftField) -> Iterator[str]:
    """One field on a line, its doubts above."""
    for doubt in field.doubts:
        yield from _comment(f"unsure: {doubt}")
    parts = [f"kind = {_string(field.kind.kind.value)}"]
    parts += [f"items = {_string(field.kind.items.value)}"] if field.kind.items else []
    parts += [f"scale = {field.kind.scale}"] if field.kind.scale is not None else []
    parts += [f"refers_to = {_string(field.refers_to)}"] if field.refers_to else []
    parts += [f"column = {_string(field.column)}"] if field.column != snake_case(field.path) else []
    parts += [f"sensitivity = {_string(field.sensitivity.value)}"]
    seen = f" # {_plain(field.seen)}" if field.seen else ""
    yield f"{_key(field.path)} = {{ {', '.join(parts)} }}{seen}"


def _child_table(where: str, field: DraftField, children: DraftChildren) -> Iterator[str]:
    """A field of kind children."""
    yield ""
    for doubt in field.doubts:
        yield from _comment(f"unsure: {doubt}")
    yield f"[{where}]"
    yield f"kind = {_string(FieldKind.CHILDREN.value)}"
    yield f"table = {_string(children.table)}"
    yield f"parent_column = {_string(children.parent_column)}"
    if children.position_column != DEFAULT_POSITION:
        yield f"position_column = {_string(children.position_column)}"
    yield f"sensitivity = {_string(field.sensitivity.value)}"
    yield ""
    for note in children.notes:
        yield from _comment(f"not compared: {note}")
    yield f"[{where}.fields]"
    for one in children.fields:
        yield from _field(one)


def _invariant(item: DraftUnique) -> Iterator[str]:
    """An invariant that a unique index speaks for."""
    yield ""
    yield "# Holds by a unique index of one of the stores."
    yield "[[invariant]]"
    yield f"name = {_string(item.name)}"
    yield f"entity = {_string(item.entity)}"
    if item.where:
        yield 'kind = "at_most_one"'
        yield f"group = {_strings(item.fields)}"
        yield f"where = {{ {_key(item.where)} = true }}"
    else:
        yield 'kind = "unique"'
        yield f"fields = {_strings(item.fields)}"


# -- TOML --------------------------------------------------------------------------------------------------------------


def _key(name: str) -> str:
    """A key, in quotes where it needs them."""
    return name if BARE.fullmatch(name) else _string(name)


def _string(text: str) -> str:
    """A basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _strings(texts: Sequence[str]) -> str:
    """An array of strings."""
    return f"[{', '.join(map(_string, texts))}]"


def _comment(text: str) -> Iterator[str]:
    """A comment over as many lines as it needs."""
    line = "#"
    for word in _plain(text).split():
        if len(line) + len(word) >= WIDTH:
            yield line
            line = "#  "
        line += f" {word}"
    yield line


def _plain(text: str) -> str:
    """A text that can not end its comment."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
