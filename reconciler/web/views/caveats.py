"""What to know before a run's numbers are believed, in words, and how each of its domains was compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.app.ports import StoredRun
from reconciler.core.history import DomainRun
from reconciler.core.model import EntitySummary, RunStatus
from reconciler.core.sampled import sample_words
from reconciler.core.wording import counted, number
from reconciler.web.reading import percent
from reconciler.web.words import Family


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """One thing to know: about what, in words; it is as grave as its family."""

    about: str
    text: str
    family: Family


def caveats(run: StoredRun) -> Iterator[Caveat]:
    """What keeps the run from saying more, the gravest first; nothing while it is under way."""
    if run.status is RunStatus.RUNNING:
        return
    grave: list[Caveat] = []
    slight: list[Caveat] = []
    for domain in run.domains:
        for one in (*_of_domain(domain), *_of_entities(domain)):
            (slight if one.family is Family.NODATA else grave).append(one)
    yield from (*grave, *slight)


def proofs(domain: DomainRun) -> Iterator[str]:
    """How a domain was compared, and what supports what it says."""
    planted = domain.canaries_planted
    yield f"Canaries: {f'{number(domain.canaries_caught)} of {number(planted)} caught' if planted else 'none planted'}."
    if domain.gaps is not None:
        yield f"Dual-write gaps: {number(domain.gaps)} unresolved."
    for entity in domain.entities:
        if entity.sample:
            yield f"Sampled {sample_words(entity)}."
        if entity.softened:
            yield f"Made equal by rule, {entity.entity}: {_softened(entity)} of the matched records."
    yield from dict.fromkeys((*domain.notes, *(note for entity in domain.entities for note in entity.notes)))


def _of_domain(domain: DomainRun) -> Iterator[Caveat]:
    """What befell a domain as a whole."""
    if domain.error:
        yield Caveat(about=domain.domain, text=domain.error, family=Family.INCONCLUSIVE)
    elif not domain.entities:
        yield Caveat(about=domain.domain, text="no entity was looked at", family=Family.INCONCLUSIVE)
    if domain.canaries_caught < domain.canaries_planted:
        missed = domain.canaries_planted - domain.canaries_caught
        text = f"{number(missed)} of {number(domain.canaries_planted)} canaries not seen: this run could not see"
        yield Caveat(about=domain.domain, text=text, family=Family.INCONCLUSIVE)
    if domain.gaps:
        text = f"{counted(domain.gaps, 'dual-write gap')} unresolved in the backend's own table"
        yield Caveat(about=domain.domain, text=text, family=Family.DIFFS)


def _of_entities(domain: DomainRun) -> Iterator[Caveat]:
    """What keeps an entity's numbers from saying more."""
    for entity in domain.entities:
        about = entity.entity if entity.entity == domain.domain else f"{domain.domain}.{entity.entity}"
        if not entity.complete:
            text = f"read in part only: {percent(entity.coverage)} covered"
            yield Caveat(about=about, text=text, family=Family.INCONCLUSIVE)
        if entity.unconfirmed:
            text = f"{counted(entity.unconfirmed, 'difference')} had not settled by the end"
            yield Caveat(about=about, text=text, family=Family.INCONCLUSIVE)
        if ruled := _ruled(entity):
            yield Caveat(about=about, text=f"set aside by a declared rule: {ruled}", family=Family.INCONCLUSIVE)
        if entity.cleared:
            differed = counted(entity.cleared, "record")
            text = f"{differed} differed at first and {_were(entity.cleared)} equal when read again"
            yield Caveat(about=about, text=text, family=Family.NODATA)


def _were(count: int) -> str:
    """The verb for that many."""
    return "was" if count == 1 else "were"


def _softened(entity: EntitySummary) -> str:
    """How often the rules made different raw values equal, by field."""
    return ", ".join(f"{path} {number(count)}" for path, count in sorted(entity.softened.items()))


def _ruled(entity: EntitySummary) -> str:
    """How many differences declared rules took away, by path."""
    found = ((path, count, kind) for kind, counts in _rules_of(entity) for path, count in sorted(counts.items()))
    return ", ".join(f"{path} {kind} in {counted(count, 'record')}" for path, count, kind in found)


def _rules_of(entity: EntitySummary) -> tuple[tuple[str, Mapping[str, int]], ...]:
    """The two kinds of rules with their counts."""
    return ("ignored", entity.ignored), ("tolerated", entity.tolerated)
