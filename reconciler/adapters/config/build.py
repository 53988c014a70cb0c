"""From the shape of a domain's file to its specification, implicit fields (`_id`, owner) included."""

import re
from collections.abc import Sequence

from reconciler.adapters.config.digests import mapping_digest, policy_digest
from reconciler.adapters.config.shapes import DomainShape, EntityShape, FieldShape, InvariantShape, RuleShape
from reconciler.core.model import Sensitivity, Side
from reconciler.core.rules import RuleSpec
from reconciler.core.spec import (
    ChildTable,
    DomainSpec,
    Embedded,
    EntitySpec,
    FieldKind,
    FieldSpec,
    GatePolicy,
    InvariantSpec,
    NumberType,
    Schedule,
    Scope,
)

WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def column_of(path: str, field: FieldShape) -> str:
    """The field's column: as declared, else its path in snake_case (`budget.minValue` is `budget_min_value`)."""
    return field.column or snake_case(path)


def snake_case(path: str) -> str:
    """`location.coordinates[0]` is `location_coordinates_0`."""
    return WORD_START.sub("_", re.sub(r"[.\[]", "_", path).replace("]", "")).lower()


def domain_spec(shape: DomainShape, *, policy: GatePolicy, schedule: Schedule) -> DomainSpec:
    """The domain with its effective policy and schedule; InvalidSpec where the checks let something through."""
    entities = tuple(entity_spec(name, entity, rules=shape.rule) for name, entity in shape.entity.items())
    invariants = tuple(invariant_spec(item) for item in shape.invariant)
    return DomainSpec(
        name=shape.domain,
        title=shape.title,
        entities=entities,
        flag=shape.flag or "",
        flag_aliases=tuple(shape.flag_aliases),
        live_flag=shape.live_flag,
        flip_group=shape.flip_group or "",
        depends_on=tuple(shape.depends_on),
        not_comparable=shape.not_comparable or "",
        collections=tuple(shape.collections),
        backfill=shape.backfill or "",
        policy=policy,
        schedule=schedule,
        invariants=invariants,
        config_digest=mapping_digest(shape.domain, entities, invariants),
        policy_digest=policy_digest(policy),
    )


def entity_spec(name: str, shape: EntityShape, *, rules: Sequence[RuleShape] = ()) -> EntitySpec:
    """The entity with its implicit fields first, and those of the domain's rules that are about it."""
    schema, _, table = shape.table.rpartition(".")
    return EntitySpec(
        name=name,
        collection=shape.collection,
        schema=schema or "public",
        table=table,
        fields=(*_implicit_fields(shape), *(field_spec(path, field) for path, field in shape.fields.items())),
        key=tuple(shape.key or ("_id",)),
        row_id=shape.row_id,
        legacy_column=shape.legacy_column,
        embedded=_embedded(shape),
        scope=Scope(path=shape.scope.path, prefix=shape.scope.prefix) if shape.scope else None,
        ttl=shape.ttl or "",
        append_only=shape.append_only,
        may_be_empty=shape.may_be_empty,
        method=shape.method,
        rules=tuple(rule_spec(rule) for rule in rules if rule.entity == name),
    )


def rule_spec(shape: RuleShape) -> RuleSpec:
    """One rule."""
    return RuleSpec(
        path=shape.path,
        kind=shape.kind,
        owner=shape.owner,
        reason=shape.reason,
        tolerance=shape.tolerance,
        until=shape.until,
    )


def field_spec(path: str, shape: FieldShape) -> FieldSpec:
    """One field, with its child table where it has one."""
    children = shape.kind is FieldKind.CHILDREN
    return FieldSpec(
        path=path,
        kind=shape.kind,
        column="" if children else column_of(path, shape),
        sensitivity=shape.sensitivity,
        scale=shape.scale,
        items=shape.items,
        refers_to=shape.refers_to or "",
        children=_child_table(shape) if children else None,
        accepts=tuple(one for one in NumberType if shape.accepts is None or one in shape.accepts),
    )


def invariant_spec(shape: InvariantShape) -> InvariantSpec:
    """One invariant; `where` in order of its paths."""
    return InvariantSpec(
        name=shape.name,
        entity=shape.entity,
        kind=shape.kind,
        fields=tuple(shape.fields),
        group=tuple(shape.group),
        where=tuple(sorted(shape.where.items())),
        minimum=shape.minimum,
        maximum=shape.maximum,
        sides=tuple(side for side in Side if side in shape.sides),
    )


def _implicit_fields(shape: EntityShape) -> tuple[FieldSpec, ...]:
    """`_id` where there is no natural key, and a reference to the owner where records are embedded."""
    plain = Sensitivity.PLAIN
    identity = FieldSpec(path="_id", kind=FieldKind.IDENTITY, column=shape.legacy_column, sensitivity=plain)
    fields = (identity,) if shape.key is None else ()
    if shape.owner is None:
        return fields
    owner = shape.owner.entity
    reference = FieldSpec(
        path=owner, kind=FieldKind.REFERENCE, column=shape.owner.column, refers_to=owner, sensitivity=plain
    )
    return (*fields, reference)


def _embedded(shape: EntityShape) -> Embedded | None:
    """Where the records lie inside their owner's documents."""
    if shape.embedded is None or shape.owner is None:
        return None
    many = shape.embedded.endswith("[]")
    return Embedded(
        path=shape.embedded.removesuffix("[]"), many=many, owner=shape.owner.entity, column=shape.owner.column
    )


def _child_table(shape: FieldShape) -> ChildTable:
    """The table that holds an array's elements."""
    return ChildTable(
        table=shape.table or "",
        parent_column=shape.parent_column or "",
        position_column=shape.position_column or "position",
        fields=tuple(field_spec(path, field) for path, field in (shape.fields or {}).items()),
    )
