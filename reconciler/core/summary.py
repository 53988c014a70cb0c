"""Counts that must add up, and the verdicts derived from them; verdicts form a lattice and merging takes the worst."""

from collections.abc import Iterable, Mapping

from reconciler.core.history import DomainRun
from reconciler.core.model import EntitySummary, Outcome, RunStatus, Verdict

WORST_LAST = (Verdict.CLEAN, Verdict.NOTHING_COMPARED, Verdict.INCONCLUSIVE, Verdict.DIFFS)
DIFFERING = (Outcome.MISSING_IN_TARGET, Outcome.EXTRA_IN_TARGET, Outcome.FIELD_MISMATCH, Outcome.KEY_DEFECT)


def no_outcomes() -> dict[Outcome, int]:
    """Every outcome, none counted yet."""
    return dict.fromkeys(Outcome, 0)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of them; of none, inconclusive: silence is not green."""
    return max(verdicts, key=WORST_LAST.index, default=Verdict.INCONCLUSIVE)


def adds_up(summary: EntitySummary) -> bool:
    """Whether every record seen has exactly one outcome and every compared pair is matched or differs."""
    outcomes = summary.outcomes
    return (
        set(outcomes) == set(Outcome)
        and all(count >= 0 for count in outcomes.values())
        and sum(outcomes.values()) == summary.seen
        and outcomes[Outcome.MATCHED] + outcomes[Outcome.FIELD_MISMATCH] == summary.compared
    )


def differing(outcomes: Mapping[Outcome, int]) -> int:
    """How many records differ, confirmed or not."""
    return sum(outcomes[outcome] for outcome in DIFFERING)


def entity_verdict(summary: EntitySummary, *, may_be_empty: bool = False) -> Verdict:
    """What an entity's counts say. `may_be_empty` is for entities declared so: nothing on both sides is then clean."""
    if not adds_up(summary):
        return Verdict.INCONCLUSIVE
    if differing(summary.outcomes) > summary.unconfirmed or any(result.violations for result in summary.invariants):
        return Verdict.DIFFS
    if summary.unconfirmed or summary.outcomes[Outcome.UNREADABLE] or not summary.complete:
        return Verdict.INCONCLUSIVE
    if summary.compared == 0 and not may_be_empty:
        return Verdict.NOTHING_COMPARED
    return Verdict.CLEAN


def domain_verdict(run: DomainRun) -> Verdict:
    """What a domain's part of a run says; one entity of several that compared nothing makes it inconclusive."""
    if not run.judged:
        run.judged.append(_domain_verdict(run))
    return run.judged[0]


def _domain_verdict(run: DomainRun) -> Verdict:
    """The verdict, derived."""
    ended = run.status is RunStatus.COMPLETED and not run.error
    verdicts = [entity_verdict(entity, may_be_empty=entity.may_be_empty) for entity in run.entities]
    empty = (Verdict.NOTHING_COMPARED, Verdict.CLEAN)
    if ended and verdicts and set(verdicts) <= set(empty) and not any(entity.compared for entity in run.entities):
        return Verdict.NOTHING_COMPARED
    verdict = worst(Verdict.INCONCLUSIVE if one is Verdict.NOTHING_COMPARED else one for one in verdicts)
    blind = run.canaries_caught != run.canaries_planted
    if not ended or blind:
        return worst((verdict, Verdict.INCONCLUSIVE))
    return verdict


def run_verdict(domains: Iterable[DomainRun]) -> Verdict:
    """The worst of the domains' verdicts."""
    return worst(domain_verdict(domain) for domain in domains)
