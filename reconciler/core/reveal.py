"""What a person with the right to it sees of a record that differs: values in the clear, secrets never."""

from dataclasses import dataclass

from reconciler.core.model import DiffKind, FieldDiff, Record, Sensitivity
from reconciler.core.outcomes import Judged
from reconciler.core.redact import shown
from reconciler.core.spec import EntitySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed:
    """One field as both stores hold it now, in canonical form as JSON; never to be stored. Secrets are None."""

    path: str
    kind: DiffKind
    source: object
    target: object
    sensitivity: Sensitivity
    note: str = ""


def revealed(entity: EntitySpec, judged: Judged) -> tuple[Revealed, ...]:
    """The fields that differ; of a record that stands alone, all of its fields; of equal records, none."""
    if judged.diff is None:
        return ()
    if judged.diff.fields:
        return tuple(_differing(field) for field in judged.diff.fields)
    source, target = judged.records
    if (source is None) == (target is None):
        return ()
    return _alone(entity, source, target)


def paths_revealed(fields: tuple[Revealed, ...]) -> tuple[str, ...]:
    """The paths whose values can be seen, each once."""
    return tuple(dict.fromkeys(one.path for one in fields if one.sensitivity is not Sensitivity.SECRET))


def _differing(field: FieldDiff) -> Revealed:
    secret = field.sensitivity is Sensitivity.SECRET
    return Revealed(
        path=field.path,
        kind=field.kind,
        source=None if secret else shown(field.source),
        target=None if secret else shown(field.target),
        sensitivity=field.sensitivity,
        note="" if secret else field.note,
    )


def _alone(entity: EntitySpec, source: Record | None, target: Record | None) -> tuple[Revealed, ...]:
    """Every field of the one record there is; one that could not be read has none."""
    record, kind = (source, DiffKind.MISSING_FIELD) if source is not None else (target, DiffKind.EXTRA_FIELD)
    if record is None or not record.values:
        return ()
    fields = []
    for spec, value in zip(entity.fields, record.values, strict=True):
        seen = None if spec.sensitivity is Sensitivity.SECRET else shown(value)
        source_value, target_value = (seen, None) if source is not None else (None, seen)
        fields.append(
            Revealed(path=spec.path, kind=kind, source=source_value, target=target_value, sensitivity=spec.sensitivity)
        )
    return tuple(fields)
