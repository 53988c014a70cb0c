"""Telling apart the ways in which a reference leads nowhere: an ObjectId that no row of the target carries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from reconciler.app.ports import TargetReader
from reconciler.core.model import DanglingReason, DanglingReference, DiffKind, FieldDiff, RecordDiff
from reconciler.core.spec import EntitySpec, FieldKind, System


async def refine(
    entity: EntitySpec, diffs: Sequence[RecordDiff], *, system: System, target: TargetReader
) -> list[RecordDiff]:
    """The diffs, those of references whose ObjectId resolves to nothing marked as dangling; asked in batches."""
    asked: dict[str, set[str]] = defaultdict(set)
    for diff in diffs:
        for field in diff.fields:
            if _differs_in_reference(entity, field):
                asked[entity.field(field.field_path).refers_to].add(str(field.source))
    known = {name: await target.known_legacy_ids(system.entity(name), sorted(ids)) for name, ids in asked.items()}
    return [replace(diff, fields=tuple(_refined(entity, field, known) for field in diff.fields)) for diff in diffs]


def _differs_in_reference(entity: EntitySpec, field: FieldDiff) -> bool:
    """Whether a field diff is one of a reference with an ObjectId in the source."""
    return entity.field(field.field_path).kind is FieldKind.REFERENCE and isinstance(field.source, str)


def _refined(entity: EntitySpec, field: FieldDiff, known: dict[str, frozenset[str]]) -> FieldDiff:
    """The field diff, or the same as a dangling reference."""
    if not _differs_in_reference(entity, field) or field.kind is DiffKind.DANGLING_REFERENCE:
        return field
    if field.source in known[entity.field(field.field_path).refers_to]:
        return field
    reason = DanglingReason.UNKNOWN_OBJECT_ID
    return replace(
        field, kind=DiffKind.DANGLING_REFERENCE, source=DanglingReference(reason, str(field.source)), note=reason.value
    )
