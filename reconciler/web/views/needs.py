"""What waits for a person, over all domains: approvals, waivers, rules and causes that nobody has taken on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.app.ports import ClusterCount
from reconciler.core.gate_values import CheckResult, Gate, GateVerdict
from reconciler.core.history import DomainHistory, Waiver
from reconciler.core.wording import counted

SOON: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing to do: where, and what; `until` where it has a date."""

    href: str
    name: str
    what: str
    until: datetime | None = None


def needs(
    gates: Sequence[Gate], histories: Mapping[str, DomainHistory], clusters: Sequence[ClusterCount], *, now: datetime
) -> tuple[Need, ...]:
    """Approvals first, then waivers, rules that have ended, and domains with clusters without an owner."""
    waivers = [one for gate in gates for one in histories[gate.domain].waivers]
    return (*_approvals(gates), *_waivers(waivers, now), *_rules(gates), *_clusters(clusters))


def _approvals(gates: Sequence[Gate]) -> Iterator[Need]:
    for gate in gates:
        if gate.verdict is GateVerdict.READY:
            yield Need(href=f"/domains/{gate.domain}#decision", name=gate.domain, what="waits for approval")


def _waivers(waivers: Sequence[Waiver], now: datetime) -> Iterator[Need]:
    """Those that a second person has to confirm, and those that end within a week."""
    for one in sorted(waivers, key=lambda waiver: waiver.until):
        if one.ended_at is not None or one.until <= now:
            continue
        href = f"/domains/{one.domain}#waivers"
        if one.confirmed_at is None:
            yield Need(
                href=href, name=one.domain, what=f"waiver of {one.check} waits for a second person", until=one.until
            )
        elif one.until - now <= SOON:
            yield Need(href=href, name=one.domain, what=f"waiver of {one.check} ends", until=one.until)


def _rules(gates: Sequence[Gate]) -> Iterator[Need]:
    for gate in gates:
        if any(check.name == "rules_valid" and check.result is CheckResult.FAIL for check in gate.checks):
            yield Need(href=f"/domains/{gate.domain}#rules", name=gate.domain, what="has a rule that has ended")


def _clusters(clusters: Sequence[ClusterCount]) -> Iterator[Need]:
    """One for each domain; diffs are not added up, since one can be in two clusters."""
    of_domain: dict[str, list[ClusterCount]] = {}
    for one in clusters:
        if one.open and not one.owner:
            of_domain.setdefault(one.domain, []).append(one)
    for domain, found in of_domain.items():
        largest = max(found, key=lambda cluster: cluster.diffs)
        size = counted(largest.diffs, "open diff")
        if len(found) == 1:
            yield Need(href=f"/clusters/{largest.id}", name=domain, what=f"{largest.id} has no owner ({size})")
        else:
            what = f"{counted(len(found), 'cluster')} have no owner (largest: {largest.id}, {size})"
            yield Need(href=f"/clusters?domain={domain}", name=domain, what=what)
