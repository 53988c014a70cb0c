"""The soak clock: from which event the clean time counts, and the two checks that wait for time to pass."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.evidence import Break, Evidence, lapse, since_last_harm, spaced
from reconciler.core.gate_values import Check, CheckResult, Finding, GateFacts, SoakClock, SoakEvent
from reconciler.core.history import DomainRun
from reconciler.core.wording import counted, moment, span

TOLD = {
    SoakEvent.DIFF: "the last confirmed diff",
    SoakEvent.ROLLBACK: "a rollback",
    SoakEvent.POLICY: "a change of policy",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakStart:
    """The moment from which the soak counts, and the event it counts from, in a word and in words."""

    at: datetime
    event: SoakEvent
    told: str


def soak_start(facts: GateFacts, evidence: Evidence) -> SoakStart | None:
    """The latest of all events that restart the soak; None while there is no clean scan to count from."""
    scans = since_last_harm(facts, evidence)
    if not scans:
        return None
    policy = SoakStart(at=_policy_since(evidence), event=SoakEvent.POLICY, told=TOLD[SoakEvent.POLICY])
    return max((_first_scan(scans[-1], facts, evidence), policy), key=lambda start: start.at)


def soak_clock(facts: GateFacts, evidence: Evidence) -> SoakClock:
    """The soak as of now."""
    window, start = evidence.policy.soak_window, soak_start(facts, evidence)
    trouble = evidence.clock_trouble or ("" if start else "the clock has not started: no clean scan counts yet")
    if trouble or start is None:
        return SoakClock(since=None, event=None, told=trouble, elapsed=None, needed=window, ends_at=None)
    return SoakClock(
        since=start.at,
        event=start.event,
        told=start.told,
        elapsed=facts.data.now - start.at,
        needed=window,
        ends_at=lapse(start.at, window),
    )


def soak(facts: GateFacts, evidence: Evidence) -> Finding:
    """Whether clean time has run for as long as asked."""
    clock, window = soak_clock(facts, evidence), evidence.policy.soak_window
    if evidence.clock_trouble:
        result = CheckResult.INCONCLUSIVE
    else:
        result = CheckResult.PASS if clock.elapsed is not None and clock.elapsed >= window else CheckResult.PENDING
    return Finding(
        check=Check(
            name="soak",
            result=result,
            measured=clock.told if clock.elapsed is None else f"{span(clock.elapsed)} since {clock.told}",
            needed=f"{span(window)} without a diff, a change or a gap",
            since=clock.since,
            evidence=_streak_source(facts, evidence),
        ),
        next_step=_wait(clock, evidence),
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


def _first_scan(scan: DomainRun, facts: GateFacts, evidence: Evidence) -> SoakStart:
    """The first clean scan that counts, told by the last thing before it that restarted the clock."""
    harms = [(facts.data.history.last_diff_at, SoakEvent.DIFF), (facts.rolled_back_at, SoakEvent.ROLLBACK)]
    befell = [Break(at=at, event=event, told=TOLD[event]) for at, event in harms if at is not None]
    broken = evidence.streak.broken_by if scan is evidence.streak.scans[-1] else None
    latest = max([*([broken] if broken else []), *befell], key=lambda one: one.at, default=None)
    if latest is None:
        return SoakStart(
            at=scan.started_at, event=SoakEvent.FIRST_SCAN, told=f"run {scan.run_id}, the first clean scan"
        )
    told = f"run {scan.run_id}, the first clean scan after {latest.told}"
    return SoakStart(at=scan.started_at, event=latest.event, told=told)


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


def _wait(clock: SoakClock, evidence: Evidence) -> str:
    """Until when to wait, or the scan to begin with."""
    if evidence.clock_trouble:
        return "set the clock right, then `reconciler doctor`"
    if clock.since is None or clock.ends_at is None or clock.since >= evidence.facts.now:
        return f"`reconciler run {evidence.domain} --mode scan`"
    return f"keep the scans going until {moment(clock.ends_at)}"


def _next_scan(scans: tuple[DomainRun, ...], evidence: Evidence) -> str:
    """The next scan that would count, and from when."""
    command = f"`reconciler run {evidence.domain} --mode scan`"
    due = lapse(scans[0].started_at, evidence.policy.clean_scan_gap) if scans else evidence.facts.now
    return f"{command} after {moment(due)}" if due > evidence.facts.now else command
