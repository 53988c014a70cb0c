"""Telling apart the ways in which a reference leads nowhere: unknown ObjectIds, and UUIDs of another table's rows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from reconciler.app.ports import TargetReader
from reconciler.core.model import DanglingReason, DanglingReference, DiffKind, FieldDiff, RecordDiff
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec, System


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the target said: by entity the ObjectIds that rows carry, and by UUID a table that has a row with it."""

    legacy_ids: Mapping[str, AbstractSet[str]]
    tables: Mapping[str, str]


async def refine(
    entity: EntitySpec, diffs: Sequence[RecordDiff], *, system: System, target: TargetReader
) -> list[RecordDiff]:
    """The diffs, with references that lead nowhere marked and told apart, those in child rows too; asked in batches."""
    asked: dict[str, set[str]] = defaultdict(set)
    lost: set[str] = set()
    for diff in diffs:
        for field in diff.fields:
            if (uuid := _lost(field)) is not None:
                lost.add(uuid)
            elif (spec := _reference(entity, field)) is not None:
                asked[spec.refers_to].add(str(field.source))
    known = Known(
        legacy_ids={
            name: await target.known_legacy_ids(system.entity(name), sorted(ids)) for name, ids in asked.items()
        },
        tables=await target.tables_with(sorted(lost)) if lost else {},
    )
    return [replace(diff, fields=tuple(_refined(entity, field, known) for field in diff.fields)) for diff in diffs]


def _lost(field: FieldDiff) -> str | None:
    """The UUID with which a column points to no row of the table that it should point to."""
    found = field.target
    return found.shown if isinstance(found, DanglingReference) and found.reason is DanglingReason.NO_ROW else None


def _reference(entity: EntitySpec, field: FieldDiff) -> FieldSpec | None:
    """The reference that a diff with an ObjectId in the source is about, in a child row too; None if it is none."""
    spec = spec_at(entity, field)
    return spec if spec and spec.kind is FieldKind.REFERENCE and isinstance(field.source, str) else None


def spec_at(entity: EntitySpec, field: FieldDiff) -> FieldSpec | None:
    """The field that a diff is about: one of a child row's where it lies at one, None where it is a row as a whole."""
    spec = entity.field(field.field_path)
    if spec.children is None:
        return spec
    _, _, inner = field.path.removeprefix(field.field_path).partition("].")
    return next((one for one in spec.children.fields if one.path == inner), None)


def _refined(entity: EntitySpec, field: FieldDiff, known: Known) -> FieldDiff:
    """The field diff, or the same as a dangling reference, with the table that has the row if one has."""
    if _lost(field) is not None:
        return _elsewhere(field, known)
    spec = _reference(entity, field)
    if spec is None or field.kind is DiffKind.DANGLING_REFERENCE or field.source in known.legacy_ids[spec.refers_to]:
        return field
    lost = DanglingReference(DanglingReason.UNKNOWN_OBJECT_ID, str(field.source))
    return replace(field, kind=DiffKind.DANGLING_REFERENCE, source=lost, note=lost.told)


def _elsewhere(field: FieldDiff, known: Known) -> FieldDiff:
    """The field diff with the table whose row the UUID belongs to."""
    lost = field.target
    if not isinstance(lost, DanglingReference) or lost.shown not in known.tables:
        return field
    lost = replace(lost, elsewhere=known.tables[lost.shown])
    return replace(field, target=lost, note=lost.told)
