"""The record of a stored diff looked at again in both stores, now: masked, or in the clear for whoever reveals it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.app.checks import CheckedRecord, checked
from reconciler.app.documents import Document, instant
from reconciler.app.passes import Looker
from reconciler.app.ports import AuditLog, Clock, ReportStore, SourceReader, StoredDiff, TargetReader
from reconciler.core.access import Actor, Right, require
from reconciler.core.audit import Act, AuditAction
from reconciler.core.model import Outcome, RecordKey, Side
from reconciler.core.outcomes import Judged
from reconciler.core.records import Digest, parse_key
from reconciler.core.reveal import Revealed, paths_revealed, revealed
from reconciler.core.ruling import entity_at
from reconciler.core.spec import EntitySpec, System
from reconciler.core.summary import DIFFERING
from reconciler.core.trace import TracedField, traced
from reconciler.errors import Conflict

MOST_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BothStores:
    """Readers of both stores."""

    source: SourceReader
    target: TargetReader


OpenStores = Callable[[], AbstractAsyncContextManager[BothStores]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """A diff as stored, and what was read of its record since; `fields` are in the clear, empty unless revealed."""

    diff: StoredDiff
    at: datetime
    record: CheckedRecord
    fields: tuple[Revealed, ...] = ()
    trace: tuple[TracedField, ...] = ()

    @property
    def now(self) -> str:
        """`differs`, `unreadable`, `equal`, or `gone` where neither side has it any more, or it is out of scope."""
        found = {outcome for _, outcome in self.record.outcomes}
        if found & set(DIFFERING):
            return "differs"
        if Outcome.UNREADABLE in found:
            return "unreadable"
        return "equal" if Outcome.MATCHED in found else "gone"

    @property
    def document(self) -> Document:
        """The comparison as JSON, masked as stored diffs are."""
        head: Document = {"diff": self.diff.id, "read_at": instant(self.at), "now": self.now}
        return head | self.record.document | {"trace": [_traced(one) for one in self.trace]}

    @property
    def revealed_document(self) -> Document:
        """Both sides' values as JSON; a secret is null on both sides."""
        return {
            "diff": self.diff.id,
            "read_at": instant(self.at),
            "now": self.now,
            "domain": self.diff.domain,
            "entity": self.diff.entity,
            "key": self.diff.key,
            "fields": [_field(one) for one in self.fields],
        }


def _traced(one: TracedField) -> Document:
    """How a field was compared: types and the rule, no value."""
    return {
        "path": one.path,
        "column": one.column,
        "rule": one.rule,
        "equal": one.equal,
        "source_type": one.source.type if one.source else None,
        "target_type": one.target.type if one.target else None,
    }


def _field(one: Revealed) -> Document:
    """A field in the clear, or withheld."""
    told: Document = {"path": one.path, "kind": one.kind.value, "source": one.source, "target": one.target}
    return told | {"sensitivity": one.sensitivity.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rereading:
    """Looks at the records of stored diffs, few at a time. It only reads; all it stores is the act of revealing."""

    system: System
    store: ReportStore
    log: AuditLog
    clock: Clock
    digest: Digest
    open_stores: OpenStores
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))

    async def reread(self, diff_id: int, *, actor: Actor) -> Reread:
        """The comparison as of now. Raises AccessDenied, NotFound, Conflict, and StoreUnavailable."""
        require(actor, Right.REVEAL)
        diff = await self.store.diff(diff_id)
        _, seen = await self._look(diff, in_clear=False)
        return seen

    async def reveal(self, diff_id: int, *, actor: Actor) -> Reread:
        """Both sides' values as of now, once it is written down who saw which fields. Raises as `reread`."""
        require(actor, Right.REVEAL)
        diff = await self.store.diff(diff_id)
        judged, seen = await self._look(diff, in_clear=True)
        _, entity = entity_of(self.system, diff, self.clock.now())
        fields = tuple(one for each in judged for one in revealed(entity, each))
        paths = ", ".join(paths_revealed(fields)) or "no field"
        act = Act(
            actor=actor,
            action=AuditAction.REVEAL,
            at=seen.at,
            domain=diff.domain,
            comment=f"diff {diff.id} of {diff.entity}: {paths}",
        )
        await self.log.note_act(act)
        return replace(seen, fields=fields)

    async def _look(self, diff: StoredDiff, *, in_clear: bool) -> tuple[list[Judged], Reread]:
        """A fresh look at the record by its key, or by the id of the row or document that has no usable one."""
        domain, entity = entity_of(self.system, diff, self.clock.now())
        keys, ids = question(entity, diff)
        async with self.turn, self.open_stores() as stores:
            looker = Looker(source=stores.source, target=stores.target, clock=self.clock, digest=self.digest)
            at = self.clock.now()
            read, raw = await looker.fresh_and_raw(entity, keys=keys, ids=ids)
            judged = [one for one in read if is_of(diff, one)]
            outcomes, diffs = await checked(domain, entity, judged, system=self.system, target=stores.target)
        record = CheckedRecord(
            domain=domain, key=diff.key, entities=(entity.name,), outcomes=tuple(outcomes), diffs=tuple(diffs)
        )
        trace = traced(entity, judged[0], raw, in_clear=in_clear) if len(judged) == 1 else ()
        return judged, Reread(diff=diff, at=at, record=record, trace=trace)


def entity_of(system: System, diff: StoredDiff, now: datetime) -> tuple[str, EntitySpec]:
    """The diff's domain and its entity by the rules of now; Conflict where it is no longer configured."""
    for domain in system.domains:
        for entity in domain.entities:
            if (domain.name, entity.name) == (diff.domain, diff.entity):
                return domain.name, entity_at(entity, now)
    raise Conflict(
        f"diff {diff.id} can't be read again", expected="an entity of today's configuration",
        got=f"{diff.domain}.{diff.entity}",
    )  # fmt: skip


def is_of(diff: StoredDiff, judged: Judged) -> bool:
    """Whether a match is of the diff's own record: stores are asked by a key's first part, which others may share."""
    if judged.diff is not None and judged.diff.locator == diff.locator:
        return True
    wanted = {diff.key.removeprefix("id:"), diff.locator.partition(":")[2]}
    return any(record.key_text == diff.key or record.id in wanted for record in judged.records if record is not None)


def question(entity: EntitySpec, diff: StoredDiff) -> tuple[list[RecordKey], dict[Side, Sequence[str]]]:
    """What to ask for; Conflict where the key is known only by a digest of a part of it."""
    ids: dict[Side, Sequence[str]] = {}
    if diff.outcome is Outcome.KEY_DEFECT:
        side, _, record_id = diff.locator.partition(":")
        ids = {Side(side): [record_id]}
    elif diff.key.startswith("id:"):
        ids = {side: [diff.key.removeprefix("id:")] for side in Side}
    key = parse_key(entity, diff.key)
    if key is None and not ids:
        raise Conflict(
            f"diff {diff.id} can't be read again", expected="a key that names its record",
            got="one with a part that is shown as a digest", next_step="run the domain again",
        )  # fmt: skip
    return ([] if key is None else [key]), ids
