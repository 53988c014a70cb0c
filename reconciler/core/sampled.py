"""What the samples since the newest scan add to it: support for the soak, never a pass of a check."""

from reconciler.core.evidence import Evidence, of_today
from reconciler.core.gate_values import Sampled
from reconciler.core.history import DomainRun
from reconciler.core.model import EntitySummary, Mode, RunStatus
from reconciler.core.sampling import CONFIDENCE, diff_rate_below
from reconciler.core.wording import counted, number, per_cent

SURE = f"{float(CONFIDENCE) * 100:.0f} %"


def sampled_since(evidence: Evidence) -> Sampled | None:
    """The sealed samples of today's rules that followed the newest scan; None where there is none."""
    newest_scan = evidence.scan.run_id if evidence.scan else 0
    found = [run for run in evidence.ended if run.run_id > newest_scan and _counts(run, evidence)]
    if not found:
        return None
    newest = found[0]
    return Sampled(
        runs=len(found),
        newest_run=newest.run_id,
        at=newest.started_at,
        diff_rate_below=_highest(newest, evidence),
    )


def sampled_words(sampled: Sampled) -> str:
    """`12 sampled runs since: each entity's true diff rate below 0.60 % at 95 %, by run 31`."""
    rate = sampled.diff_rate_below
    bound = f"each entity's true diff rate below {per_cent(rate)} at {SURE}" if rate is not None else "nothing proven"
    return f"{counted(sampled.runs, 'sampled run')} since: {bound}, by run {sampled.newest_run}"


def sample_words(entity: EntitySummary) -> str:
    """`address: 1,000 of 120,000 keys drawn; true diff rate below 0.30 % at 95 %`; empty where no sample was drawn."""
    rate = diff_rate_below(entity)
    if entity.sample is None or rate is None:
        return ""
    drawn = f"{number(entity.sample.size)} of {counted(entity.sample.population, 'key')} drawn"
    return f"{entity.entity}: {drawn}; true diff rate below {per_cent(rate)} at {SURE}"


def _counts(run: DomainRun, evidence: Evidence) -> bool:
    """Whether a run is a sealed sample of today's rules."""
    return run.mode is Mode.SAMPLE and run.status is RunStatus.COMPLETED and of_today(run, facts=evidence.facts)


def _highest(run: DomainRun, evidence: Evidence) -> float | None:
    """The highest bound over the entities; None where one of them was not sampled."""
    bounds = {entity.entity: diff_rate_below(entity) for entity in run.entities}
    rates = [bounds.get(entity.name) for entity in evidence.facts.spec.entities]
    known = [rate for rate in rates if rate is not None]
    return max(known) if known and len(known) == len(rates) else None
