"""Repair plans for clusters: both stores are read, what would mend them is written down, nothing is changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.app.passes import Looker
from reconciler.app.ports import AuditLog, Clock, ClusterCount, DiffFilter, ReportStore, StoredDiff
from reconciler.app.references import refine
from reconciler.app.rereading import BothStores, OpenStores, entity_of, question
from reconciler.core.access import Actor, Right, require
from reconciler.core.audit import Act, AuditAction
from reconciler.core.classify import field_cluster
from reconciler.core.model import OPEN_STATES, FieldDiff, Outcome, RawRecord, RecordDiff, RecordKey, Side
from reconciler.core.outcomes import Judged
from reconciler.core.records import Digest
from reconciler.core.repair import mongo, sql
from reconciler.core.repair.plan import CannotRepair, Direction, Plan, Refusal, Step, Wrong
from reconciler.core.spec import EntitySpec, System
from reconciler.errors import Conflict

AT_ONCE: Final = 200
MOST: Final = 10_000
NO_KEY: Final = "its key is unusable: which document the row belongs to is for a person to say"
DIGEST_KEY: Final = "a part of its key is known by a digest only"
SPOILT_KEYS: Final = "rows of the entity have unusable keys ({}), and one of them may be this record: mend those first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What plan is asked for; without a direction the store that is read is taken as right."""

    cluster: str
    direction: Direction
    delete: bool = False
    limit: int = MOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan with the cluster it is for."""

    cluster: ClusterCount
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class _Making:
    """What is the same for every record of a plan; `spoilt` names clusters of rows with unusable keys."""

    asked: Asked
    stores: BothStores
    spoilt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repairs:
    """Makes repair plans. It only reads the stores; all it stores is that a plan was made."""

    system: System
    store: ReportStore
    log: AuditLog
    clock: Clock
    digest: Digest
    open_stores: OpenStores

    async def plan(self, asked: Asked, *, actor: Actor) -> Planned:
        """The plan, once it is written down who made it. Raises AccessDenied, NotFound, Conflict, StoreUnavailable."""
        require(actor, Right.REVEAL)
        cluster = await self.store.cluster(asked.cluster)
        wanted = DiffFilter(cluster=cluster.id, states=tuple(OPEN_STATES), limit=asked.limit)
        diffs = [diff async for diff in self.store.diffs(wanted)]
        plan = Plan(direction=asked.direction, left=max(0, cluster.diffs - len(diffs)) if cluster.open else 0)
        spoilt = await self._spoilt(cluster)
        async with self.open_stores() as stores:
            for first in range(0, len(diffs), AT_ONCE):
                making = _Making(asked=asked, stores=stores, spoilt=spoilt)
                await self._add(plan, cluster, diffs[first : first + AT_ONCE], making)
        if not plan.steps:
            raise self._nothing(cluster, plan)
        await self._note(cluster, plan, actor)
        return Planned(cluster=cluster, plan=plan)

    async def _spoilt(self, cluster: ClusterCount) -> str:
        """The clusters of rows with unusable keys, where the cluster is about missing rows; empty where none is."""
        if cluster.kind != Outcome.MISSING_IN_TARGET:
            return ""
        others = await self.store.clusters(domain=cluster.domain)
        same = [one.id for one in others if one.entity == cluster.entity and one.kind == Outcome.KEY_DEFECT]
        return ", ".join(same)

    def _nothing(self, cluster: ClusterCount, plan: Plan) -> Conflict:
        """Why there is no plan."""
        reason = plan.refusals[0].reason if plan.refusals else "no record of it is open, or all are equal by now"
        return Conflict(
            f"there is nothing to repair in {cluster.id}",
            expected="at least one record that a statement can mend",
            got=f"{len(plan.refusals)} refused: {reason}" if plan.refusals else reason,
            next_step=f"`reconciler clusters show {cluster.id}` says what else to do",
        )

    async def _note(self, cluster: ClusterCount, plan: Plan, actor: Actor) -> None:
        """Writes down that values left for a plan."""
        act = Act(
            actor=actor,
            action=AuditAction.REVEAL,
            at=self.clock.now(),
            domain=cluster.domain,
            comment=f"repair plan for {cluster.id} of {cluster.entity}, towards {plan.direction.changed}: "
            f"{cluster.path or 'whole records'}, {len(plan.changing)} records",
        )
        await self.log.note_act(act)

    async def _add(self, plan: Plan, cluster: ClusterCount, diffs: Sequence[StoredDiff], making: _Making) -> None:
        """Reads the records of some diffs, and adds a step, a refusal or nothing for each."""
        _, entity = entity_of(self.system, diffs[0], self.clock.now())
        known, keys = _askable(plan, entity, diffs)
        stores = making.stores
        looker = Looker(source=stores.source, target=stores.target, clock=self.clock, digest=self.digest)
        judged, raw = await looker.fresh_and_raw(entity, keys=keys, ids={})
        found = {one.diff.locator: one for one in judged if one.diff is not None}
        diffs_now = [one.diff for one in judged if one.diff is not None]
        again = {one.locator: one for one in await refine(entity, diffs_now, system=self.system, target=stores.target)}
        for diff in known:
            if diff.locator not in found:
                plan.settled += 1
                continue
            wrong = _wrong(cluster, entity, found[diff.locator], again[diff.locator], raw)
            self._one(plan, entity, wrong, making)

    def _one(self, plan: Plan, entity: EntitySpec, wrong: Wrong, making: _Making) -> None:
        """Adds one record to the plan."""
        if wrong.outcome is Outcome.FIELD_MISMATCH and not wrong.fields:
            plan.settled += 1
            return
        try:
            plan.steps.append(self._step(entity, wrong, making))
        except CannotRepair as refused:
            plan.refusals.append(Refusal(key=wrong.key, reason=refused.reason))

    def _step(self, entity: EntitySpec, wrong: Wrong, making: _Making) -> Step:
        """What mends one record."""
        if making.asked.direction is Direction.MONGO:
            return mongo.repaired(entity, wrong, delete=making.asked.delete)
        if making.spoilt:
            raise CannotRepair(SPOILT_KEYS.format(making.spoilt))
        return sql.repaired(entity, wrong, self.system, delete=making.asked.delete)


def _askable(plan: Plan, entity: EntitySpec, diffs: Sequence[StoredDiff]) -> tuple[list[StoredDiff], list[RecordKey]]:
    """The diffs whose records can be asked for by their keys; the others are refused."""
    known: list[StoredDiff] = []
    keys: list[RecordKey] = []
    for diff in diffs:
        try:
            some, ids = question(entity, diff)
        except Conflict:
            plan.refusals.append(Refusal(key=diff.key, reason=DIGEST_KEY))
            continue
        if ids:
            plan.refusals.append(Refusal(key=diff.key, reason=NO_KEY))
            continue
        known.append(diff)
        keys += some
    return known, keys


def _wrong(
    cluster: ClusterCount, entity: EntitySpec, judged: Judged, diff: RecordDiff, raw: dict[Side, dict[str, RawRecord]]
) -> Wrong:
    """The record as it was just read, with those of its differences that belong to the cluster."""
    source, target = judged.records
    return Wrong(
        key=diff.key_text,
        outcome=diff.outcome,
        source=raw[Side.SOURCE].get(source.id) if source else None,
        target=raw[Side.TARGET].get(target.id) if target else None,
        fields=tuple(one for one in diff.fields if _belongs(cluster, entity, one)),
    )


def _belongs(cluster: ClusterCount, entity: EntitySpec, field: FieldDiff) -> bool:
    """Whether a difference is one of the cluster's."""
    key = field_cluster(cluster.domain, entity, field)
    return (key.path, key.kind, key.cause, key.types) == (cluster.path, cluster.kind, cluster.cause, cluster.types)
