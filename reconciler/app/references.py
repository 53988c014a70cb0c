"""Telling apart the ways in which a reference leads nowhere: an ObjectId that no row of the target carries."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from reconciler.app.ports import TargetReader
from reconciler.core.model import DanglingReason, DanglingReference, DiffKind, FieldDiff, RecordDiff
from reconciler.core.spec import EntitySpec, FieldKind, System

ROW = re.compile(r"\[\d+\]\.")


async def refine(
    entity: EntitySpec, diffs: Sequence[RecordDiff], *, system: System, target: TargetReader
) -> list[RecordDiff]:
    """The diffs, those of references whose ObjectId resolves to nothing marked as dangling; asked in batches."""
    asked: dict[str, set[str]] = defaultdict(set)
    for diff in diffs:
        for field in diff.fields:
            if name := _referred(entity, field):
                asked[name].add(str(field.source))
    known = {name: await target.known_legacy_ids(system.entity(name), sorted(ids)) for name, ids in asked.items()}
    return [replace(diff, fields=tuple(_refined(entity, field, known) for field in diff.fields)) for diff in diffs]


def _referred(entity: EntitySpec, field: FieldDiff) -> str:
    """The entity that a differing reference with an ObjectId in the source refers to; empty for any other diff."""
    spec = entity.field(field.field_path)
    inside = ROW.sub("", field.path.removeprefix(field.field_path), count=1)
    own = next((one for one in spec.children.fields if one.path == inside), spec) if spec.children else spec
    return own.refers_to if own.kind is FieldKind.REFERENCE and isinstance(field.source, str) else ""


def _refined(entity: EntitySpec, field: FieldDiff, known: dict[str, frozenset[str]]) -> FieldDiff:
    """The field diff, or the same as a dangling reference."""
    name = _referred(entity, field)
    if not name or field.kind is DiffKind.DANGLING_REFERENCE or field.source in known[name]:
        return field
    reason = DanglingReason.UNKNOWN_OBJECT_ID
    return replace(
        field, kind=DiffKind.DANGLING_REFERENCE, source=DanglingReference(reason, str(field.source)), note=reason.value
    )
