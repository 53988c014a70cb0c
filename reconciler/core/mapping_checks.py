"""The checks of what is compared and how: whether both schemas fit the mapping, and declared rules are still valid."""

from reconciler.core.evidence import Evidence
from reconciler.core.gate_values import Check, CheckResult, Finding
from reconciler.core.history import DomainRun
from reconciler.core.model import Side
from reconciler.core.rules import RuleKind, RuleSpec, told
from reconciler.core.ruling import expired
from reconciler.core.wording import counted, listed, moment, number

MOST_NAMED = 6


def rules_valid(evidence: Evidence) -> Finding:
    """Whether a declared rule has expired; how often each applied in the newest scan is told."""
    spec, now = evidence.facts.spec, evidence.facts.now
    ended = expired(spec, now)
    if ended:
        said = (f"{told(entity, rule)} expired after {moment(rule.ends_at or now)}" for entity, rule in ended)
        measured = "; ".join(said)
    else:
        measured = _in_force(spec.rules, evidence.scan)
    check = Check(
        name="rules_valid",
        result=CheckResult.FAIL if ended else CheckResult.PASS,
        measured=measured,
        needed="no ignore or tolerance rule past its end",
        since=min((rule.ends_at for _, rule in ended if rule.ends_at), default=evidence.since),
        evidence=evidence.source if spec.rules else "configuration",
        amount=len(ended),
    )
    file = f"`config/domains/{spec.name}.toml`"
    return Finding(check=check, next_step=f"remove the rule from {file} or give it another end, then scan again")


def schema(evidence: Evidence) -> Finding:
    """What the newest scan saw of both schemas: columns that are missing, unique indexes that would keep keys apart."""
    spec, scan = evidence.facts.spec, evidence.scan
    looks = [one.schema for one in scan.entities] if scan else []
    lacks = [text for look in looks if look for text in look.lacks]
    hints = [text for look in looks if look for text in look.hints]
    hints += _unmentioned(scan) if scan else []
    unseen = scan is None or any(look is None for look in looks)
    if lacks or unseen:
        measured = "; ".join(lacks) or ("not looked at" if scan else "nothing compared yet")
    else:
        measured = "; ".join(hints) or "every table, column and unique index that is needed is there"
    doubt = CheckResult.INFO if hints else CheckResult.PASS
    check = Check(
        name="schema",
        result=CheckResult.INCONCLUSIVE if lacks or unseen else doubt,
        measured=measured,
        needed="what the mapping names, and a unique index on each key",
        since=evidence.since,
        evidence=evidence.source,
        amount=None if unseen else len(lacks),
    )
    return Finding(check=check, next_step=f"`reconciler doctor`, then `reconciler run {spec.name} --mode scan`")


def _unmentioned(scan: DomainRun) -> list[str]:
    """The fields and columns that nobody mentions, in one sentence part a side."""
    found: dict[str, list[str]] = {Side.SOURCE: [], Side.TARGET: []}
    for one in scan.entities:
        for path in one.schema.unmentioned if one.schema else ():
            found[path.side].append(f"{one.entity}.{path.path}")
    nouns = ((Side.SOURCE, "field"), (Side.TARGET, "column"))
    return [_some(found[side], noun) for side, noun in nouns if found[side]]


def _some(names: list[str], noun: str) -> str:
    """`3 fields no rule mentions: a, b and c`, the first few by name."""
    more = len(names) - MOST_NAMED
    named = (*names[:MOST_NAMED], *([f"{number(more)} more"] if more > 0 else []))
    return f"{counted(len(names), noun)} no rule mentions: {listed(named)}"


def applied(scan: DomainRun | None, entity: str, rule: RuleSpec) -> int | None:
    """How many records of a scan the rule took a difference away from; None where the entity was not looked at."""
    for one in scan.entities if scan else ():
        if one.entity == entity:
            return (one.ignored if rule.kind is RuleKind.IGNORE else one.tolerated).get(rule.path, 0)
    return None


def _in_force(rules: tuple[tuple[str, RuleSpec], ...], scan: DomainRun | None) -> str:
    """How many rules there are, what they took away, and which were never needed."""
    if not rules:
        return "no ignore or tolerance rule is declared"
    if scan is None:
        return f"{counted(len(rules), 'rule')} in force, not applied by a scan yet"
    counts = [(told(entity, rule), applied(scan, entity, rule)) for entity, rule in rules]
    idle = [name for name, count in counts if count == 0]
    taken = sum(count or 0 for _, count in counts)
    said = f"{counted(len(rules), 'rule')} in force, {number(taken)} times applied in run {scan.run_id}"
    return f"{said}; never applied: {', '.join(idle)}" if idle else said
