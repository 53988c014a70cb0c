"""One record, both sides, now: what `reconciler check` answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.app.passes import Looker
from reconciler.app.ports import TargetReader
from reconciler.app.references import refine
from reconciler.core.model import DiffState, Outcome, ReportedDiff, Side
from reconciler.core.outcomes import Judged
from reconciler.core.records import parse_key
from reconciler.core.redact import reported
from reconciler.core.ruling import entity_at
from reconciler.core.spec import DomainSpec, EntitySpec, System
from reconciler.core.summary import DIFFERING
from reconciler.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRecord:
    """What a look at one key found, in every entity that was asked."""

    domain: str
    key: str
    entities: tuple[str, ...]
    outcomes: tuple[tuple[str, Outcome], ...]
    diffs: tuple[tuple[str, ReportedDiff], ...]

    @property
    def exit_code(self) -> int:
        """1 different, 3 unreadable, 0 equal, 5 on neither side."""
        found = {outcome for _, outcome in self.outcomes}
        if found & set(DIFFERING):
            return 1
        if Outcome.UNREADABLE in found:
            return 3
        return 0 if Outcome.MATCHED in found else 5

    @property
    def document(self) -> dict[str, object]:
        """The answer as JSON."""
        return {
            "domain": self.domain,
            "key": self.key,
            "entities": list(self.entities),
            "records": [{"entity": entity, "outcome": outcome.value} for entity, outcome in self.outcomes],
            "diffs": [_diff(entity, diff) for entity, diff in self.diffs],
        }


def _diff(entity: str, diff: ReportedDiff) -> dict[str, object]:
    """A diff as JSON; it was seen once, so it is unconfirmed."""
    fields = [
        {
            "path": one.path,
            "kind": one.kind.value,
            "source": one.source,
            "target": one.target,
            "cause": one.cluster.cause,
        }
        | ({"redacted": one.redacted.value} if one.redacted else {})
        for one in diff.fields
    ]
    return {
        "entity": entity,
        "key": diff.key,
        "outcome": diff.outcome.value,
        "state": diff.state.value,
        "detail": diff.detail,
        "fields": fields,
    }


async def check_record(
    domain: DomainSpec, entity_name: str, key: str, *, system: System, looker: Looker, target: TargetReader
) -> CheckedRecord:
    """Looks for the key in the entity named, or in all of the domain's entities."""
    if not domain.comparable:
        raise UsageError(
            f"domain {domain.name} is not comparable",
            expected="a domain with a PostgreSQL side",
            got=domain.not_comparable,
        )
    outcomes: list[tuple[str, Outcome]] = []
    diffs: list[tuple[str, ReportedDiff]] = []
    entities = _entities(domain, entity_name)
    for entity in entities:
        judged = await _look(entity_at(entity, looker.now()), key, looker)
        found, differing = await checked(domain.name, entity, judged, system=system, target=target)
        outcomes += found
        diffs += differing
    return CheckedRecord(
        domain=domain.name,
        key=key,
        entities=tuple(entity.name for entity in entities),
        outcomes=tuple(outcomes),
        diffs=tuple(diffs),
    )


async def checked(
    domain: str, entity: EntitySpec, judged: Sequence[Judged], *, system: System, target: TargetReader
) -> tuple[list[tuple[str, Outcome]], list[tuple[str, ReportedDiff]]]:
    """What a look at an entity found, fit to be shown: outcomes, and diffs that were seen once."""
    refined = await refine(entity, [one.diff for one in judged if one.diff], system=system, target=target)
    diffs = [(entity.name, reported(domain, entity, diff, state=DiffState.UNCONFIRMED)) for diff in refined]
    return [(entity.name, one.outcome) for one in judged], diffs


def _entities(domain: DomainSpec, name: str) -> Sequence[EntitySpec]:
    """The entity named, or all of them."""
    found = [entity for entity in domain.entities if name in ("", entity.name)]
    if not found:
        known = ", ".join(entity.name for entity in domain.entities)
        raise UsageError(f"no entity {name} in domain {domain.name}", expected=f"one of {known}", got=name)
    return found


async def _look(entity: EntitySpec, key: str, looker: Looker) -> Sequence[Judged]:
    """A fresh look at the key in one entity; a text that can't be a key of it finds nothing."""
    if key.startswith("id:"):
        return await looker.fresh(entity, keys=[], ids={Side.TARGET: [key.removeprefix("id:")]})
    parsed = parse_key(entity, key)
    return await looker.fresh(entity, keys=[parsed], ids={}) if parsed else ()
