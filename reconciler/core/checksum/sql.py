"""A record told as SQL text: names of the configuration, no value of any record; the same text as mongo.py makes.

PostgreSQL evaluates an expression wherever it is used, so every step that is used twice is fenced with `offset 0`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from reconciler.core.checksum.words import CELL, FIELD, MOST_ROWS, QUOTE, ROW, STEPS_OF_DOUBLE, TARGET_MARK
from reconciler.core.spec import ChildTable, EntitySpec, FieldKind, FieldSpec, System

Types = Mapping[str, str]
MARK = f"'{TARGET_MARK}'"
WHOLE_TYPES = ("int2", "int4", "int8")
LONGEST_SHORT = 65_535
PADDED_TYPE = "bpchar"


def name(text: str) -> str:
    """An identifier in quotes."""
    return '"' + text.replace('"', '""') + '"'


def table(schema: str, text: str) -> str:
    """A qualified table."""
    return f"{name(schema)}.{name(text)}"


def literal(text: str) -> str:
    """A text constant; separators are written as escapes."""
    if text in (FIELD, CELL, ROW):
        return f"chr({ord(text)})"
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How rows are told: `text` is an expression on the rows of `source`, and `tables` gives the joins it needs."""

    text: str
    tables: str


def told(entity: EntitySpec, system: System, *, types: Types, child_types: Mapping[str, Types]) -> Telling:
    """The text of a row `t`; `types` are the base types of the columns, `child_types` those of child tables."""
    joins, texts = [], []
    for place, item in enumerate(entity.fields):
        if item.kind is FieldKind.CHILDREN and item.children is not None:
            texts.append(_children(entity, item.children, system, child_types[item.children.table]))
        elif item.kind is FieldKind.REFERENCE:
            joins.append(_join(system.entity(item.refers_to), f"r{place}", f"t.{name(item.column)}"))
            texts.append(_reference(system.entity(item.refers_to), f"r{place}", f"t.{name(item.column)}"))
        else:
            texts.append(field(item, f"t.{name(item.column)}", types[item.column]))
        if item.path in entity.key:
            texts[-1] = f"coalesce(nullif({texts[-1]}, ''), {MARK})"
    return Telling(text=concatenated(texts, FIELD), tables="".join(joins))


def checked(text: str, separator: str, count: int, *, forbidden: str = "") -> str:
    """A text that holds its separators and no more of them: one inside a value would make two records look equal."""
    without = f"replace({text}, {literal(separator)}, '')"
    if forbidden:
        without = f"replace({without}, {literal(forbidden)}, '')"
    found = f"octet_length({text}) - octet_length({without})"
    return f"case when {found} = {count} then {text} else {MARK} end"


def hashed(text: str) -> str:
    """The first eight bytes of the md5 of a text as MongoDB hashes one for an index, as a big-endian signed integer.

    Uses `text` several times: fence it.
    """
    size = f"(octet_length({text}) + 1)"
    short = f"set_byte(set_byte('\\x00000000'::bytea, 0, {size} & 255), 1, {size} >> 8)"
    length = f"case when {size} <= {LONGEST_SHORT} then {short} else {_little(size)} end"
    return _leading(f"md5('\\x000000000f000000'::bytea || {length} || convert_to({text}, 'UTF8') || '\\x00'::bytea)")


def _leading(md5: str) -> str:
    """The first eight bytes of an md5 in hex as a big-endian signed integer."""
    return f"('x' || left({md5}, 16))::bit(64)::bigint"


def _little(size: str) -> str:
    """A 32-bit number as four little-endian bytes."""
    return " || ".join(f"substr(int4send({size}), {place}, 1)" for place in (4, 3, 2, 1))


def number(leading: str) -> str:
    """The same bytes as a little-endian integer. Fence its argument."""
    middle = (f"((({leading} >> {shift}) & 255) << {56 - shift})" for shift in range(8, 64, 8))
    return f"(({leading} << 56) | {' | '.join(middle)})"


def key_parts(entity: EntitySpec, anchor: str) -> list[str]:
    """The key's parts in merge order as texts."""
    owner = entity.embedded.owner if entity.embedded else ""
    return [f"{anchor}::text" if path == owner else _key_part(entity.field(path)) for path in entity.ordered_key]


def _key_part(item: FieldSpec) -> str:
    """One part of the key."""
    column = f"t.{name(item.column)}"
    return f"trim_scale({column}::numeric)::text" if item.kind is FieldKind.INTEGER else f"{column}::text"


# -- values ------------------------------------------------------------------------------------------------------------


def field(item: FieldSpec, column: str, base: str) -> str:  # noqa: C901, PLR0911 - one line a kind
    """The text of a column's value."""
    match item.kind:
        case FieldKind.TEXT | FieldKind.LOWER:
            text = f"coalesce({literal(QUOTE)} || {as_text(column, base)}, '')"
            return text if item.kind is FieldKind.TEXT else _ascii(column, text)
        case FieldKind.CHAR:
            return f"coalesce({literal(QUOTE)} || rtrim({column}::text, ' '), '')"
        case FieldKind.CI:
            return f"coalesce({literal(QUOTE)} || lower({as_text(column, base)} collate \"C\"), '')"
        case FieldKind.INTEGER:
            return f"coalesce({_whole(column, base)}::text, '')"
        case FieldKind.DECIMAL:
            return f"coalesce(trim_scale({column} * 1{'0' * (item.scale or 0)}::numeric)::text, '')"
        case FieldKind.DOUBLE:
            return _double(column)
        case FieldKind.BOOLEAN:
            return f"coalesce({column}::text, '')"
        case FieldKind.INSTANT:
            return _instant(column)
        case FieldKind.BYTES:
            return _bytes(column)
        case FieldKind.JSON:
            return f"coalesce(nullif({column}::text, 'null'), '')"
        case FieldKind.ARRAY:
            return f"coalesce(to_jsonb({column})::text, '')"
        case FieldKind.IDENTITY:
            return f"coalesce({as_text(column, base)}, '')"
        case FieldKind.REFERENCE | FieldKind.CHILDREN:
            raise KeyError(item.path)
    assert_never(item.kind)


def as_text(column: str, base: str) -> str:
    """A column's text with all its blanks: a cast would cut the padding of a char(n)."""
    return f"textin(bpcharout({column}))" if base == PADDED_TYPE else f"{column}::text"


def _ascii(column: str, text: str) -> str:
    """A text whose letters PostgreSQL and MongoDB lower alike: anything beyond ASCII is looked at by the comparison."""
    beyond = f"octet_length({column}::text) <> length({column}::text)"
    return f"case when {beyond} then {MARK} else {text} end"


def _whole(column: str, base: str) -> str:
    """A number without the zeros behind its point."""
    return column if base in WHOLE_TYPES else f"trim_scale({column})"


def _double(column: str) -> str:
    """A double as a whole number of steps."""
    cases = []
    for letter, least, below, power in STEPS_OF_DOUBLE:
        steps = f"{column} * {2**power}::float8"
        prefix = f"{literal(letter)} || " if letter else ""
        whole = f"abs({column}) >= {least!r}::float8 and abs({column}) < {below!r}::float8"
        if not least:
            whole += f" and {steps} = trunc({steps})"
        cases.append(f"when {whole} then {prefix}({steps})::bigint::text")
    return f"case {' '.join(cases)} when {column} is null then '' else {MARK} end"


def _instant(column: str) -> str:
    """Milliseconds since 1970, cut downwards."""
    time = f"floor(extract(epoch from {column}) * 1000)::bigint::text"
    return f"case when isfinite({column}) then {time} when {column} is null then '' else {MARK} end"


def _bytes(column: str) -> str:
    """The hash of a Binary of subtype 0 as MongoDB's index has it."""
    seeded = f"md5('\\x000000001e000000'::bytea || {_little('octet_length(b)')} || '\\x00'::bytea || b)"
    inner = f"(select {_leading(seeded)} as m from (select {column} as b offset 0) c offset 0) d"
    return f"case when {column} is null then '' else (select {number('m')}::text from {inner}) end"


def _join(entity: EntitySpec, alias: str, column: str) -> str:
    """The rows that a reference leads to."""
    return f" left join {table(entity.schema, entity.table)} {alias} on {alias}.{name(entity.row_id)} = {column}"


def _reference(entity: EntitySpec, alias: str, column: str) -> str:
    """The legacy id of the row that a column leads to."""
    legacy = f"{alias}.{name(entity.legacy_column)}::text"
    return f"case when {column} is null then '' else coalesce(nullif({legacy}, ''), {MARK}) end"


# -- lists -------------------------------------------------------------------------------------------------------------


def concatenated(texts: Sequence[str], separator: str) -> str:
    """Texts, none of them null, with a separator between them."""
    return f" || {literal(separator)} || ".join(f"({text})" for text in texts)


def _children(entity: EntitySpec, children: ChildTable, system: System, types: Types) -> str:
    """The rows of a child table in the order of their positions, which run from 0 without a gap, behind their number.

    With the number the separators are as many as they have to be: one inside a value would be one too many.
    """
    joins, cells = [], []
    for place, item in enumerate(children.fields):
        column = f"c.{name(item.column)}"
        if item.kind is FieldKind.REFERENCE:
            joins.append(_join(system.entity(item.refers_to), f"s{place}", column))
            cells.append(_reference(system.entity(item.refers_to), f"s{place}", column))
        else:
            cells.append(field(item, column, types[item.column]))
    rows = (
        f"select c.{name(children.position_column)} as p, {concatenated(cells, CELL)} as r"
        f" from {table(entity.schema, children.table)} c{''.join(joins)}"
        f" where c.{name(children.parent_column)} = t.{name(entity.row_id)} offset 0"
    )
    row = checked("r", CELL, len(cells) - 1, forbidden=ROW)
    whole = f"min(p) = 0 and max(p) = count(*) - 1 and count(distinct p) = count(*) and count(*) < {MOST_ROWS}"
    joined = f"count(*) || '[' || string_agg({row} || {literal(ROW)}, '' order by p) || ']'"
    return f"(select case when count(*) = 0 then '0[]' when {whole} then {joined} else {MARK} end from ({rows}) q)"
