"""The soak clock: from which event the clean time counts, and the two checks that wait for time to pass."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.evidence import Evidence, lapse, since_last_harm, spaced
from reconciler.core.gate_values import Check, CheckResult, Finding, GateFacts
from reconciler.core.history import DomainRun
from reconciler.core.wording import counted, moment, span

LAST_DIFF = "the last confirmed diff"
POLICY = "a change of policy"
ROLLBACK = "a rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakStart:
    """The moment from which the soak counts, and the event it counts from."""

    at: datetime
    event: str


def soak_start(facts: GateFacts, evidence: Evidence) -> SoakStart | None:
    """The latest of all events that restart the soak; None while there is no clean scan to count from."""
    scans = since_last_harm(facts, evidence)
    if not scans:
        return None
    events = [SoakStart(at=scans[-1].started_at, event=_first_scan(scans[-1], evidence))]
    for at, event in ((facts.data.history.last_diff_at, LAST_DIFF), (facts.rolled_back_at, ROLLBACK)):
        if at is not None:
            events.append(SoakStart(at=at, event=event))
    events.append(SoakStart(at=_policy_since(evidence), event=POLICY))
    return max(events, key=lambda event: event.at)


def soak(facts: GateFacts, evidence: Evidence) -> Finding:
    """Whether clean time has run for as long as asked."""
    window, start = evidence.policy.soak_window, soak_start(facts, evidence)
    elapsed = facts.data.now - start.at if start else None
    if evidence.clock_trouble:
        result, measured = CheckResult.INCONCLUSIVE, evidence.clock_trouble
    elif start is None or elapsed is None:
        result, measured = CheckResult.PENDING, "the clock has not started: no clean scan counts yet"
    else:
        result = CheckResult.PASS if elapsed >= window else CheckResult.PENDING
        measured = f"{span(elapsed)} since {start.event}"
    return Finding(
        check=Check(
            name="soak",
            result=result,
            measured=measured,
            needed=f"{span(window)} without a diff, a change or a gap",
            since=start.at if start else None,
            evidence=_streak_source(facts, evidence),
        ),
        next_step=_wait(start, evidence),
    )


def clean_scans(facts: GateFacts, evidence: Evidence) -> Finding:
    """Whether enough scans, far enough apart, were clean. A change of policy keeps them: it restarts the soak only."""
    policy, scans = evidence.policy, since_last_harm(facts, evidence)
    found = len(tuple(spaced(scans, policy=policy)))
    enough = found >= policy.min_clean_scans
    apart = f", {span(policy.clean_scan_gap)} apart" if policy.min_clean_scans > 1 else ""
    return Finding(
        check=Check(
            name="clean_scans",
            result=CheckResult.PASS if enough else CheckResult.PENDING,
            measured=counted(found, "clean scan"),
            needed=f"{counted(policy.min_clean_scans, 'clean scan')} in a row{apart}",
            since=scans[-1].started_at if scans else None,
            evidence=_streak_source(facts, evidence),
        ),
        next_step=_next_scan(scans, evidence),
    )


def _first_scan(scan: DomainRun, evidence: Evidence) -> str:
    """The first scan of the streak, and what it followed."""
    first = scan is evidence.streak.scans[-1]
    followed = f" ({evidence.streak.broken_by})" if first and evidence.streak.broken_by else ""
    return f"run {scan.run_id}, the first clean scan{followed}"


def _policy_since(evidence: Evidence) -> datetime:
    """When the unbroken line of runs under today's policy began; now, where the newest ran under another."""
    since = evidence.facts.now
    for run in evidence.runs:
        if run.policy_digest != evidence.facts.spec.policy_digest:
            break
        since = run.started_at
    return since


def _streak_source(facts: GateFacts, evidence: Evidence) -> str:
    """The clean scans that count, as a range of runs."""
    scans = since_last_harm(facts, evidence)
    if not scans:
        return "no clean scan"
    if len(scans) == 1:
        return f"run {scans[0].run_id}"
    return f"{counted(len(scans), 'clean scan')}, runs {scans[-1].run_id} to {scans[0].run_id}"


def _wait(start: SoakStart | None, evidence: Evidence) -> str:
    """Until when to wait, or the scan to begin with."""
    if evidence.clock_trouble:
        return "set the clock right, then `reconciler doctor`"
    if start is None or start.at >= evidence.facts.now:
        return f"`reconciler run {evidence.domain} --mode scan`"
    return f"keep the scans going until {moment(lapse(start.at, evidence.policy.soak_window))}"


def _next_scan(scans: tuple[DomainRun, ...], evidence: Evidence) -> str:
    """The next scan that would count, and from when."""
    command = f"`reconciler run {evidence.domain} --mode scan`"
    due = lapse(scans[0].started_at, evidence.policy.clean_scan_gap) if scans else evidence.facts.now
    return f"{command} after {moment(due)}" if due > evidence.facts.now else command
