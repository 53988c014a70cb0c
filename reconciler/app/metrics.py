"""The metrics that monitoring can ask for: name, kind, labels and meaning of each, and what a value of one is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reconciler.core.tally import Lengths

NEVER: Final = 0.0


class MetricKind(StrEnum):
    """How a metric behaves: goes both ways, only grows, or counts by size."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric by the name under which it is scraped; labels hold names of the configuration and words of ours."""

    name: str
    kind: MetricKind
    labels: tuple[str, ...]
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value of a metric, a `Lengths` of a histogram; `labels` in the order of the metric's."""

    labels: tuple[str, ...]
    value: float | Lengths


def _gauge(name: str, labels: str, told: str) -> Metric:
    return Metric(name=f"reconciler_{name}", kind=MetricKind.GAUGE, labels=tuple(labels.split()), told=told)


def _counter(name: str, labels: str, told: str) -> Metric:
    return Metric(name=f"reconciler_{name}", kind=MetricKind.COUNTER, labels=tuple(labels.split()), told=told)


BUILD_INFO: Final = _gauge("build_info", "version", "Always 1; the version is in the label.")
GATE_VERDICT: Final = _gauge("gate_verdict", "domain verdict", "1 for the verdict that a gate has now, else 0.")
GATE_CHECK_PASS: Final = _gauge(
    "gate_check_pass", "domain check", "1 where a check passes, 0 where it does not; none of a check that only informs."
)
GATE_CHECKS_WAIVED: Final = _gauge("gate_checks_waived", "domain", "How many checks of a gate people have set aside.")
APPROVAL_PENDING: Final = _gauge("approval_pending", "domain", "1 while a gate lacks nothing but an approval, else 0.")
READS_TARGET: Final = _gauge(
    "reads_target", "domain", "1 where reads were seen on PostgreSQL, 0 on MongoDB; none while nobody has seen."
)
FLAG_WITHOUT_GO: Final = _gauge("flag_without_go", "domain", "1 where reads are on PostgreSQL and no go was given.")
AUDIT_CHAIN_INTACT: Final = _gauge("audit_chain_intact", "", "1 while the audit log can be trusted, else 0.")
SOAK_ELAPSED: Final = _gauge("soak_elapsed_seconds", "domain", "Clean time so far; 0 while the clock has not started.")
SOAK_REQUIRED: Final = _gauge("soak_required_seconds", "domain", "Clean time that the policy asks for.")
OPEN_DIFFS: Final = _gauge(
    "open_diffs", "domain kind", "Open differences; a record counts once for each cluster that it is in."
)
OPEN_RECORDS: Final = _gauge("open_records", "domain state", "Records that differ now, each once.")
COVERAGE: Final = _gauge(
    "coverage_ratio", "domain", "Least share of an entity's records that the newest scan saw; 0 without a scan."
)
COMPARED: Final = _counter("records_compared_total", "domain", "Pairs of records compared by runs that ended.")
FOUND_TOTAL: Final = _counter(
    "diffs_found_total", "domain kind", "Differing records found; each run counts what it finds anew."
)
TRANSIENT: Final = _counter("transient_diffs_total", "domain", "Differences that were gone when read again.")
RUNS: Final = _counter("runs_total", "domain result", "Runs that completed or failed, by their verdict on a domain.")
LAST_RUN: Final = _gauge(
    "last_run_timestamp_seconds", "domain result", "When the newest run with that verdict on a domain ended."
)
LAST_COMPLETE_RUN: Final = _gauge(
    "last_complete_run_timestamp_seconds", "domain", "When the newest scan that saw all of a domain ended; 0 for never."
)
RUN_DURATION: Final = Metric(
    name="reconciler_run_duration_seconds",
    kind=MetricKind.HISTOGRAM,
    labels=("mode",),
    told="How long runs took that completed or failed.",
)
RUNNING: Final = _gauge("runs_running", "", "Runs under way, as far as their processes live.")
NOTIFICATIONS: Final = _counter(
    "notifications_total",
    "channel result",
    "Tries to tell a channel: delivered, failed, and dead for the last of a row.",
)
NOTIFICATIONS_PENDING: Final = _gauge(
    "notifications_pending", "channel", "Notices that wait for their first or next try."
)
NOTIFICATIONS_DEAD: Final = _gauge("notifications_dead", "channel", "Notices that were given up and not tried again.")
CHANNEL_WELL: Final = _gauge(
    "notification_channel_well", "channel", "1 where notices arrive and none was given up, else 0; 0 until the first."
)
SCHEDULE_MISSED: Final = _counter(
    "schedule_missed_total", "domain mode", "Scheduled runs that did not start, as far as a service noticed."
)

METRICS: Final = (
    BUILD_INFO,
    GATE_VERDICT,
    GATE_CHECK_PASS,
    GATE_CHECKS_WAIVED,
    APPROVAL_PENDING,
    READS_TARGET,
    FLAG_WITHOUT_GO,
    AUDIT_CHAIN_INTACT,
    SOAK_ELAPSED,
    SOAK_REQUIRED,
    OPEN_DIFFS,
    OPEN_RECORDS,
    COVERAGE,
    COMPARED,
    FOUND_TOTAL,
    TRANSIENT,
    RUNS,
    LAST_RUN,
    LAST_COMPLETE_RUN,
    RUN_DURATION,
    RUNNING,
    NOTIFICATIONS,
    NOTIFICATIONS_PENDING,
    NOTIFICATIONS_DEAD,
    CHANNEL_WELL,
    SCHEDULE_MISSED,
)
