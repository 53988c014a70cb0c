"""Storing what a domain's looks found: diffs first, counts after them, the domain's end last."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.app.invariants import InvariantChecks
from reconciler.app.passes import EntityPass
from reconciler.app.ports import Clock, ReportStore, StoredRun, TargetReader
from reconciler.app.references import refine
from reconciler.core.invariants import MOST_SAMPLES
from reconciler.core.model import (
    DiffState,
    EntitySummary,
    InvariantResult,
    Mode,
    Outcome,
    RecordDiff,
    ReportedDiff,
)
from reconciler.core.outcomes import Judged, join_moved
from reconciler.core.pairing import Pair
from reconciler.core.redact import reported
from reconciler.core.rules import RuleKind, told
from reconciler.core.ruling import expired
from reconciler.core.spec import DomainSpec, EntitySpec, System

DIFFS_AT_ONCE = 500


@dataclass(slots=True)
class DomainWork:
    """One domain's looks in progress."""

    domain: DomainSpec
    passes: list[EntityPass] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        """Whether no difference waits to be read again, and no violation to be asked for."""
        pending = (answer.pending for one in self.passes for answer in one.answers)
        return not any(one.candidates for one in self.passes) and not any(pending)

    @property
    def canaries(self) -> tuple[int, int]:
        """Canaries planted and caught."""
        return sum(one.canaries[0] for one in self.passes), sum(one.canaries[1] for one in self.passes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Unresolved dual-write gaps by domain; None where nobody notes them, or where they are `unknown` (and why)."""

    counts: Mapping[str, int] | None = None
    unknown: str = ""


class Recorder:
    """Stores the work of one run."""

    def __init__(
        self,
        run: StoredRun,
        *,
        system: System,
        store: ReportStore,
        target: TargetReader,
        clock: Clock,
        invariants: InvariantChecks,
        gaps: Gaps,
    ) -> None:
        """`run` is as it began: its start decides which rules have expired. `gaps` holds for every domain of it."""
        self._run_id = run.id
        self._mode = run.mode
        self._began_at = run.started_at
        self._system = system
        self._store = store
        self._target = target
        self._clock = clock
        self._invariants = invariants
        self._gaps = gaps

    async def store(self, work: DomainWork) -> None:
        """Stores a domain whose differences are settled."""
        name = work.domain.name
        for one in work.passes:
            await self._store_entity(work.domain, one)
        notes = [note for one in work.passes for note in one.notes]
        notes += [self._gaps.unknown] if self._gaps.unknown else []
        notes += self._rule_notes(work)
        gaps = None if self._gaps.counts is None else self._gaps.counts.get(name, 0)
        await self._store.finish_domain(
            self._run_id, domain=name, notes=notes, gaps=gaps, canaries=work.canaries, error="", at=self._clock.now()
        )

    def _rule_notes(self, work: DomainWork) -> list[str]:
        """The rules that have expired, and those in force that a complete scan had no use for."""
        ended = expired(self._system.domain(work.domain.name), self._began_at)
        notes = [f"{told(entity, rule)} expired after {rule.until} and no longer applies" for entity, rule in ended]
        for one in work.passes if self._mode is Mode.SCAN else ():
            applied = one.ruled.keys() | {rule for judged in (*one.settled, *one.unconfirmed) for rule in judged.ruled}
            idle = [rule for rule in one.entity.rules if one.complete and rule not in applied]
            notes += [f"{told(one.entity.name, rule)} never applied" for rule in idle]
        return notes

    async def _store_entity(self, domain: DomainSpec, one: EntityPass) -> None:
        """One entity; a complete scan also resolves what it did not see any more."""
        whole = self._mode is Mode.SCAN and one.complete
        invariants = await self._checked(domain, one) if whole else ()
        one.settled = join_moved(one.entity, one.settled)
        one.settled += await self._orphans(one.entity) if whole else []
        await self._store_diffs(domain.name, one)
        await self._note_paths(domain.name, one)
        await self._store.finish_entity(
            self._run_id,
            domain=domain.name,
            summary=summarize(one, mode=self._mode, invariants=invariants),
            resolved=None if whole else sorted(one.checked),
            at=self._clock.now(),
        )

    async def _note_paths(self, domain: str, one: EntityPass) -> None:
        """What a scan saw of the schemas, mentioned or not."""
        unmentioned = one.schema.unmentioned if one.schema else ()
        for mentioned, paths in ((True, one.present), (False, unmentioned)):
            if paths and self._mode is Mode.SCAN:
                await self._store.note_schema_paths(
                    self._run_id,
                    domain=domain,
                    entity=one.entity.name,
                    mentioned=mentioned,
                    paths=paths,
                    at=self._clock.now(),
                )

    async def _checked(self, domain: DomainSpec, one: EntityPass) -> tuple[InvariantResult, ...]:
        """The declared invariants (of nothing, none), and what an append-only entity has lost."""
        results = self._invariants.results(domain, one)
        if not one.entity.append_only:
            return results
        lost, keys = await self._store.vanished(self._run_id, entity=one.entity.name, limit=MOST_SAMPLES)
        return (*results, InvariantResult(name="append_only", side="both", violations=lost, sample_keys=tuple(keys)))

    async def _orphans(self, entity: EntitySpec) -> list[Judged]:
        """Child rows that no parent claims: records that only the target has."""
        if not any(item.children for item in entity.fields):
            return []
        extra = Outcome.EXTRA_IN_TARGET
        keys = await self._target.orphans(entity)
        diffs = [
            RecordDiff(locator=f"orphan:{key}", key_text=key, outcome=extra, detail="child row without a parent row")
            for key in keys
        ]
        return [Judged(match=Pair(None, None), outcome=extra, diff=diff) for diff in diffs]

    async def _store_diffs(self, domain: str, one: EntityPass) -> None:
        """An entity's diffs, a batch at a time."""
        for judged, state in ((one.settled, DiffState.CONFIRMED), (one.unconfirmed, DiffState.UNCONFIRMED)):
            for at in range(0, len(judged), DIFFS_AT_ONCE):
                diffs = await self._reported(domain, one.entity, judged[at : at + DIFFS_AT_ONCE], state)
                await self._store.record_diffs(
                    self._run_id, domain=domain, entity=one.entity.name, diffs=diffs, at=self._clock.now()
                )

    async def _reported(
        self, domain: str, entity: EntitySpec, judged: Sequence[Judged], state: DiffState
    ) -> list[ReportedDiff]:
        """Diffs fit to be stored, with the references that lead nowhere told apart."""
        diffs = await refine(entity, [one.diff for one in judged if one.diff], system=self._system, target=self._target)
        return [reported(domain, entity, diff, state=state) for diff in diffs]


def summarize(one: EntityPass, *, mode: Mode, invariants: Sequence[InvariantResult] = ()) -> EntitySummary:
    """An entity's counts after settling; a scan that is complete has covered everything, a sample its share."""
    outcomes, ruled = dict(one.outcomes), Counter(one.ruled)
    for judged in (*one.settled, *one.unconfirmed):
        outcomes[judged.outcome] += 1
        ruled.update(judged.ruled)
    seen = sum(outcomes.values())
    known = max(one.source_records, one.target_records)
    share = 1.0 if mode is Mode.SCAN else min(1.0, seen / known) if known else 0.0
    return EntitySummary(
        entity=one.entity.name,
        source_records=one.source_records,
        target_records=one.target_records,
        seen=seen,
        compared=outcomes[Outcome.MATCHED] + outcomes[Outcome.FIELD_MISMATCH],
        outcomes=outcomes,
        cleared=one.cleared,
        unconfirmed=len(one.unconfirmed),
        coverage=share if one.complete else 0.0,
        method=one.method,
        complete=one.complete,
        may_be_empty=one.entity.may_be_empty,
        invariants=tuple(invariants),
        softened=dict(one.softened),
        schema=one.schema,
        ignored={rule.path: count for rule, count in ruled.items() if rule.kind is RuleKind.IGNORE},
        tolerated={rule.path: count for rule, count in ruled.items() if rule.kind is RuleKind.TOLERANCE},
        notes=tuple(one.notes),
        sample=one.sample,
    )
