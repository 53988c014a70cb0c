"""The checks of a domain's data: what the newest scan saw, what is open, and whether anything ended badly since."""

from collections.abc import Iterable

from reconciler.core.evidence import Evidence, canaries_caught, gaps_run, uncovered
from reconciler.core.gate_values import Check, CheckResult, Finding
from reconciler.core.history import DomainRun
from reconciler.core.mapping_checks import rules_valid, schema
from reconciler.core.model import Mode, Outcome, RunStatus, Verdict
from reconciler.core.pauses import held
from reconciler.core.summary import domain_verdict
from reconciler.core.wording import counted, moment, number, span

NO_SCAN = "nothing compared yet"
JUDGED = (Verdict.CLEAN, Verdict.DIFFS)


def open_diffs(evidence: Evidence) -> Finding:
    """Whether a confirmed diff is open, or the newest scan ended with one."""
    found, scan = evidence.facts.history.open_confirmed, evidence.scan
    dirty = scan is not None and domain_verdict(scan) is Verdict.DIFFS
    result = _tell(failed=found != 0 or dirty, unknown=scan is None)
    if scan is None:
        measured = f"{number(found)} open, {NO_SCAN}"
    elif dirty and not found:
        measured = f"0 open now, but run {scan.run_id} ended with diffs or a broken invariant"
    else:
        measured = f"{number(found)} of {number(evidence.compared)} compared"
    listing = f"`reconciler diffs list --domain {evidence.domain} --state confirmed`"
    next_step = listing if found else _scan_again(evidence)
    return _finding("open_diffs", evidence, result=result, measured=measured, needed="0", next_step=next_step)


def unconfirmed_diffs(evidence: Evidence) -> Finding:
    """Whether a difference waits to be confirmed or cleared."""
    left = sum(entity.unconfirmed for entity in evidence.scan.entities) if evidence.scan else 0
    found = max(evidence.facts.history.open_unconfirmed, left)
    return _finding(
        "unconfirmed_diffs",
        evidence,
        result=_tell(unknown=found != 0 or evidence.scan is None),
        measured=f"{number(found)} of {number(evidence.compared)} compared" if evidence.scan else NO_SCAN,
        needed="0",
        next_step=_scan_again(evidence),
    )


def coverage(evidence: Evidence) -> Finding:
    """Whether the newest scan saw every entity as far as the policy asks."""
    scan, floor = evidence.scan, evidence.policy.min_coverage
    missed = uncovered(scan, facts=evidence.facts) if scan else NO_SCAN
    unknown = bool(missed) or scan is None or domain_verdict(scan) is Verdict.NOTHING_COMPARED
    least = min((entity.coverage for entity in scan.entities), default=0.0) if scan else 0.0
    seen = f"{least:.2%} of each entity at least, {counted(evidence.compared, 'record')} compared"
    return _finding(
        "coverage",
        evidence,
        result=_tell(unknown=unknown),
        measured=f"{seen}: {missed}" if scan and missed else missed or seen,
        needed=f"{floor:.2%} of every entity",
        next_step=_scan_again(evidence),
    )


def last_scan(evidence: Evidence) -> Finding:
    """Whether the newest scan that counts is young enough and could be judged."""
    scan, limit = evidence.scan, evidence.policy.max_scan_age
    trouble = evidence.clock_trouble or _no_scan(evidence)
    age = evidence.facts.now - scan.started_at if scan else None
    if scan is not None and domain_verdict(scan) not in JUDGED:
        trouble = trouble or f"run {scan.run_id} is {domain_verdict(scan).value.replace('_', ' ')}"
    young = age is not None and age < limit
    measured = trouble or (f"started {span(age)} ago" if age is not None else NO_SCAN)
    pause = held(evidence.facts.history.pauses, domain=evidence.domain, mode=Mode.SCAN, at=evidence.facts.now)
    paused = f"; scans are paused by {pause.actor} until {moment(pause.over_at)}" if pause else ""
    return _finding(
        "last_scan",
        evidence,
        result=_tell(unknown=bool(trouble) or not young),
        measured=f"{measured}{paused}",
        needed=f"a scan less than {span(limit)} old",
        next_step="set the clock right, then `reconciler doctor`" if evidence.clock_trouble else _scan_again(evidence),
    )


def run_errors(evidence: Evidence) -> Finding:
    """Whether the newest run of any mode, and the newest scan, came to an end that can be judged."""
    scans = tuple(run for run in evidence.ended if run.mode is Mode.SCAN)
    looked_at = (*evidence.ended[:1], *scans[:1])
    bad = next((run for run in looked_at if _unjudged(run)), None)
    told = bad or next(iter(looked_at), None)
    if bad is not None:
        measured, next_step = (
            f"run {bad.run_id} ({bad.mode.value}) {_unjudged(bad)}",
            f"`reconciler runs show {bad.run_id}`",
        )
    else:
        measured, next_step = "the newest run ended well" if told else "no run has ended yet", _scan_again(evidence)
    check = Check(
        name="run_errors",
        result=_tell(unknown=bad is not None or told is None),
        measured=measured,
        needed="the newest run and the newest scan completed and conclusive",
        since=told.finished_at if told else None,
        evidence=f"run {told.run_id}" if told else "no run",
    )
    return Finding(check=check, next_step=next_step)


def key_integrity(evidence: Evidence) -> Finding:
    """Whether a record's key is defective, or a record could not be read."""
    defects = _outcomes(evidence, Outcome.KEY_DEFECT)
    unreadable = _outcomes(evidence, Outcome.UNREADABLE)
    seen = sum(entity.seen for entity in evidence.scan.entities) if evidence.scan else 0
    found = f"{counted(defects, 'key defect')} and {number(unreadable)} unreadable of {number(seen)} seen"
    return _finding(
        "key_integrity",
        evidence,
        result=_tell(failed=defects != 0, unknown=unreadable != 0 or evidence.scan is None),
        measured=found if evidence.scan else NO_SCAN,
        needed="0 of either",
        next_step=f"`reconciler diffs list --domain {evidence.domain}`" if evidence.scan else _scan_again(evidence),
    )


def invariants(evidence: Evidence) -> Finding:
    """Whether everything declared to hold was asked and holds."""
    scan, declared = evidence.scan, {(item.entity, item.name) for item in evidence.facts.spec.invariants}
    results = [(entity.entity, item) for entity in (scan.entities if scan else ()) for item in entity.invariants]
    broken = sum(item.violations for _, item in results)
    unasked = sorted(name for _, name in declared - {(entity, item.name) for entity, item in results})
    measured = f"{counted(broken, 'violation')} of {counted(len(declared), 'invariant')}"
    if scan is not None and unasked:
        measured = f"{measured}; not judged: {', '.join(unasked)}"
    return _finding(
        "invariants",
        evidence,
        result=_tell(failed=broken != 0, unknown=scan is None or bool(unasked)),
        measured=measured if scan else NO_SCAN,
        needed="0 violations, each invariant judged",
        next_step=f"`reconciler runs show {scan.run_id}`" if broken and scan else _scan_again(evidence),
    )


def canaries(evidence: Evidence) -> Finding:
    """Whether the newest scan proved that it can see."""
    scan = evidence.scan
    planted, caught = (scan.canaries_planted, scan.canaries_caught) if scan else (0, 0)
    if scan is None:
        measured = NO_SCAN
    else:
        measured = f"{number(caught)} of {number(planted)} caught" if planted else "no canary was planted"
    return _finding(
        "canaries",
        evidence,
        result=_tell(failed=caught != planted, unknown=scan is None or not canaries_caught(scan)),
        measured=measured,
        needed="at least 1 planted, every one caught",
        next_step=f"`reconciler runs show {scan.run_id}`" if scan else _scan_again(evidence),
    )


def dualwrite_gaps(evidence: Evidence) -> Finding:
    """Whether the backend noted a dual write of this domain that failed and is not resolved."""
    run, watched = gaps_run(evidence), evidence.facts.gaps_watched
    gaps = run.gaps if run else None
    if gaps is not None:
        result, measured = _tell(failed=gaps != 0), f"{counted(gaps, 'gap')} unresolved"
    elif watched:
        result, measured = CheckResult.INCONCLUSIVE, "the table of gaps was not read"
    else:
        result, measured = CheckResult.INFO, "the backend keeps no table of gaps"
    scan_again = f"`reconciler run {evidence.domain} --mode scan`"
    check = Check(
        name="dualwrite_gaps",
        result=result,
        measured=measured,
        needed="0 gaps unresolved",
        since=run.finished_at if run else None,
        evidence=f"run {run.run_id}" if run else "no run counted gaps",
        amount=gaps,
    )
    return Finding(check=check, next_step=f"resolve the gaps in the backend, then {scan_again}" if gaps else scan_again)


DATA_CHECKS = (
    open_diffs,
    unconfirmed_diffs,
    coverage,
    last_scan,
    run_errors,
    key_integrity,
    invariants,
    canaries,
    dualwrite_gaps,
    schema,
    rules_valid,
)


def judge_data(evidence: Evidence) -> tuple[Finding, ...]:
    """Every check of the domain's own data."""
    return tuple(check(evidence) for check in DATA_CHECKS)


def worst_result(results: Iterable[CheckResult]) -> CheckResult:
    """Fail, else inconclusive, else pending, else pass; of nothing at all, inconclusive. A result unheard of raises."""
    kinds = {CheckResult(result) for result in results}
    for result in (CheckResult.FAIL, CheckResult.INCONCLUSIVE, CheckResult.PENDING):
        if result in kinds:
            return result
    return CheckResult.PASS if CheckResult.PASS in kinds else CheckResult.INCONCLUSIVE


def _tell(*, failed: bool = False, unknown: bool = False) -> CheckResult:
    """Fail before inconclusive before pass."""
    if failed:
        return CheckResult.FAIL
    return CheckResult.INCONCLUSIVE if unknown else CheckResult.PASS


def _finding(
    name: str, evidence: Evidence, *, result: CheckResult, measured: str, needed: str, next_step: str
) -> Finding:
    """A check that rests on the newest scan."""
    check = Check(
        name=name, result=result, measured=measured, needed=needed, since=evidence.since, evidence=evidence.source
    )
    return Finding(check=check, next_step=next_step)


def _outcomes(evidence: Evidence, outcome: Outcome) -> int:
    """How many records of the newest scan had that outcome."""
    return sum(entity.outcomes[outcome] for entity in evidence.scan.entities) if evidence.scan else 0


def _unjudged(run: DomainRun) -> str:
    """Why a run that ended says nothing; empty where it was completed and can be judged."""
    if run.status is not RunStatus.COMPLETED:
        return run.status.value
    if run.error:
        return "ended with an error"
    verdict = domain_verdict(run)
    return "" if verdict in JUDGED else f"is {verdict.value.replace('_', ' ')}"


def _no_scan(evidence: Evidence) -> str:
    """Why no scan counts today; empty where one does."""
    if evidence.scan is not None:
        return ""
    sealed = [run for run in evidence.ended if run.mode is Mode.SCAN and run.status is RunStatus.COMPLETED]
    return (
        f"configuration or code changed since run {sealed[0].run_id}: scan again"
        if sealed
        else "no scan has completed yet"
    )


def _scan_again(evidence: Evidence) -> str:
    """The command that makes new evidence."""
    return f"`reconciler run {evidence.domain} --mode scan`"
