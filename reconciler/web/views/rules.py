"""A declared rule as the pages show it: what it takes away, who owns it, how long it holds, how often it applied."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.core.history import DomainRun
from reconciler.core.mapping_checks import applied
from reconciler.core.rules import RuleKind, RuleSpec
from reconciler.core.wording import number, span


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """One rule; `counted` is of the newest scan, `amber` where it took something away, was never needed or expired."""

    place: str
    what: str
    rule: RuleSpec
    counted: str
    expired: bool
    amber: bool


def rule_row(entity: str, rule: RuleSpec, *, now: datetime, scan: DomainRun | None) -> RuleRow:
    """The rule as of now."""
    count, expired = applied(scan, entity, rule), not rule.applies_at(now)
    return RuleRow(
        place=f"{entity}.{rule.path}",
        what=_what(rule),
        rule=rule,
        counted="not looked at yet" if count is None else "never" if count == 0 else f"{number(count)} records",
        expired=expired,
        amber=expired or count is not None,
    )


def _what(rule: RuleSpec) -> str:
    """`any difference`, `up to 0.01`, `up to 5 s`."""
    if rule.kind is RuleKind.IGNORE or rule.tolerance is None:
        return "any difference"
    size = rule.tolerance
    if isinstance(size, timedelta):
        return f"up to {span(size) if size >= timedelta(seconds=1) else f'{size / timedelta(milliseconds=1):g} ms'}"
    return f"up to {size.normalize():f}"
