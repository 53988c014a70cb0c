"""One diff with both sides of each field, and its neighbours in the cluster; lists of diffs page by id."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from shlex import quote

from reconciler.app.ports import ClusterCount, DiffFilter, ReportStore, StoredDiff, StoredField
from reconciler.core.causes.shapes import shapes
from reconciler.core.model import DiffKind, Outcome, Sensitivity
from reconciler.core.records import LEGACY_ID
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec
from reconciler.core.trace import rule_words
from reconciler.web.visible import Shown, both_sides
from reconciler.web.words import KIND, OUTCOME, SOURCE_NAME, STATE, TARGET_NAME, Word

FIRST_WINDOW = 64
SPELLED_AS_TEXT = {FieldKind.DECIMAL: "number", FieldKind.DOUBLE: "number", FieldKind.INSTANT: "time"}
ALONE = (Outcome.MISSING_IN_TARGET, Outcome.EXTRA_IN_TARGET)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """A field of a diff: both sides as they can be told apart."""

    field: StoredField
    kind: str
    source: Shown
    target: Shown
    rule: str = ""
    alike: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The diffs before and after in the same cluster."""

    cluster: ClusterCount | None
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffPage:
    """The page of one diff."""

    diff: StoredDiff
    word: Word
    outcome: str
    sentence: str
    fields: tuple[FieldRow, ...]
    neighbours: Neighbours
    command: str
    masks: bool
    proofs: tuple[tuple[str, str], ...]


def diff_page(diff: StoredDiff, neighbours: Neighbours, entity: EntitySpec | None) -> DiffPage:
    """The page of a diff as its last run saw it; `entity` is None where it is no longer configured."""
    return DiffPage(
        diff=diff,
        word=STATE[diff.state],
        outcome=OUTCOME[diff.outcome],
        sentence=_sentence(diff),
        fields=tuple(field_row(one, entity) for one in diff.fields),
        neighbours=neighbours,
        command=f"reconciler check {diff.domain}.{diff.entity} {quote(diff.key)}",
        masks=any(one.redacted == Sensitivity.PII for one in diff.fields),
        proofs=proofs(diff, entity) if entity and diff.outcome in ALONE else (),
    )


def field_row(field: StoredField, entity: EntitySpec | None = None) -> FieldRow:
    """A field with both sides told apart, and the rule that it was compared by where its entity is known."""
    spec = next(_at(field, entity), None)
    source, target = (_named(one, spec, field) for one in both_sides(field))
    rule = rule_words(spec) if spec else ""
    alike = [] if field.redacted else [shape.told for shape in shapes([(field.source, field.target)])]
    return FieldRow(
        field=field, kind=KIND[field.kind], source=source, target=target, rule=rule, alike=next(iter(alike), "")
    )  # fmt: skip


def _named(side: Shown, spec: FieldSpec | None, field: StoredField) -> Shown:
    """A side under the type of its field where reports spell it as a text: long numbers, and times."""
    as_text = side.type == "text" and spec is not None and field.kind is DiffKind.VALUE and field.path == spec.path
    return replace(side, type=SPELLED_AS_TEXT.get(spec.kind, side.type)) if as_text and spec else side


def _at(field: StoredField, entity: EntitySpec | None) -> Iterator[FieldSpec]:
    """The configured field that a diff lies at or below."""
    for one in entity.fields if entity else ():
        if field.path == one.path or field.path.startswith((f"{one.path}.", f"{one.path}[")):
            yield one


def proofs(diff: StoredDiff, entity: EntitySpec) -> tuple[tuple[str, str], ...]:
    """What to ask each store to see that it has the record or has not; nothing where the key has no plain spelling."""
    if entity.natural_key or not LEGACY_ID.fullmatch(diff.key):
        return ()
    where = f"\"{entity.legacy_column}\" = '{diff.key}'"
    rows = f'SELECT * FROM "{entity.schema}"."{entity.table}" WHERE {where};'  # noqa: S608 - shown to a person, never run
    documents = f'db.getCollection("{entity.collection}").find({{_id: ObjectId("{diff.key}")}})'
    return ((SOURCE_NAME, documents), (TARGET_NAME, rows))


def _sentence(diff: StoredDiff) -> str:
    """What is wrong with the record, in words."""
    match diff.outcome:
        case Outcome.MISSING_IN_TARGET:
            return "MongoDB has this record, PostgreSQL does not."
        case Outcome.EXTRA_IN_TARGET:
            return "PostgreSQL has this record, MongoDB does not."
        case Outcome.KEY_DEFECT:
            return "The record's key is null, malformed or carried twice."
        case Outcome.UNREADABLE:
            return "The record could not be read by its rules, so it could not be compared."
        case _:
            count = len(diff.fields)
            return f"{count} field{'' if count == 1 else 's'} of this record differ{'s' if count == 1 else ''}."


def cluster_of(diff: StoredDiff, wanted: str | None) -> str | None:
    """The cluster to walk along: the one asked for if the diff is in it, else its first."""
    own = [one for one in (diff.cluster, *(field.cluster for field in diff.fields)) if one]
    return wanted if wanted in own else next(iter(own), None)


async def neighbours(store: ReportStore, diff: StoredDiff, wanted: str | None) -> Neighbours:
    """The diffs beside this one in its cluster."""
    name = cluster_of(diff, wanted)
    if name is None:
        return Neighbours(cluster=None, before=None, after=None)
    along = DiffFilter(cluster=name, after=diff.id, limit=1)
    following = [one.id async for one in store.diffs(along)]
    return Neighbours(
        cluster=await store.cluster(name),
        before=await _before(store, along, diff.id),
        after=following[0] if following else None,
    )


async def _before(store: ReportStore, along: DiffFilter, diff_id: int) -> int | None:
    """The nearest lower id in the cluster, looked for in windows that grow: the store pages upwards only."""
    window = FIRST_WINDOW
    while True:
        start = max(0, diff_id - 1 - window)
        nearest = await _last_between(store, replace(along, after=start, limit=window), diff_id)
        if nearest is not None or start == 0:
            return nearest
        window *= FIRST_WINDOW


async def _last_between(store: ReportStore, wanted: DiffFilter, diff_id: int) -> int | None:
    """The highest id among those wanted that is below the id given."""
    nearest = None
    async for one in store.diffs(wanted):
        if one.id >= diff_id:
            break
        nearest = one.id
    return nearest


async def page_of(store: ReportStore, wanted: DiffFilter, limit: int) -> tuple[Sequence[StoredDiff], int | None]:
    """At most `limit` diffs, and the id to go on after where there are more."""
    found = [one async for one in store.diffs(replace(wanted, limit=limit + 1))]
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def tab_title(page: DiffPage) -> str:
    """`(2 fields) CONFIRMED · diff 31`."""
    count = len(page.fields)
    return f"({count} field{'' if count == 1 else 's'}) {page.word.word} · diff {page.diff.id}"
