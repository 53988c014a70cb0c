"""Events as people read them: a headline, and a few facts with their labels."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from reconciler.core.events import Event, EventType, Fact
from reconciler.core.gate_values import GateVerdict
from reconciler.core.wording import counted

SIGNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        GateVerdict.NO_GO: "✖",
        GateVerdict.HOLD: "▲",
        GateVerdict.SOAKING: "⧗",
        GateVerdict.READY: "☺",
        GateVerdict.GO: "✔",
        GateVerdict.FLIPPED: "⚑",
        GateVerdict.NO_DATA: "◌",
        GateVerdict.NOT_COMPARABLE: "⊘",
    }
)
LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "checks": "Checks that do not pass",
        "since": "Since",
        "run": "Run",
        "mode": "Mode",
        "compared": "Compared",
        "differing": "Differ",
        "cleared": "Gone when read again",
        "entity": "Entity",
        "kind": "Kind",
        "records": "Records",
        "due_at": "Was due",
        "flag": "Flag",
        "by": "By",
        "bad": "Not to be flipped",
    }
)


def verdict_word(verdict: Fact) -> str:
    """`NO-GO`, as every face spells it."""
    return "NO-GO" if verdict == GateVerdict.NO_GO else str(verdict).replace("_", " ").upper()


def sign(event: Event) -> str:
    """The sign of the verdict that an event tells of; empty where it tells of none."""
    return SIGNS.get(str(event.facts.get("verdict", "")), "")


def headline(event: Event) -> str:
    """What happened, in a line."""
    told = TOLD[event.type](event)
    return f"{event.domain}: {told}" if event.domain else told


def details(event: Event) -> tuple[tuple[str, str], ...]:
    """The facts worth reading, as label and text."""
    known = ((label, event.facts.get(name)) for name, label in LABELS.items())
    return tuple(
        (label, f"{fact:,}" if type(fact) is int else str(fact)) for label, fact in known if fact not in (None, "")
    )


def path_of(event: Event) -> str:
    """The page that an event is about, below the address of the service."""
    match event.type:
        case EventType.RUN_FINISHED:
            return f"/runs/{event.facts.get('run')}"
        case EventType.CLUSTER_OPENED | EventType.CLUSTER_REGRESSED | EventType.CLUSTER_RESOLVED:
            return f"/clusters/{event.facts.get('cluster')}"
        case EventType.SCHEDULE_MISSED:
            return "/schedule"
        case _:
            return f"/domains/{event.domain}" if event.domain else "/"


def _changed(event: Event) -> str:
    """A gate that moved."""
    return f"{verdict_word(event.facts.get('previous'))} → {verdict_word(event.facts.get('verdict'))}"


def _stands(event: Event) -> str:
    """A gate that has been bad for long."""
    return f"still {verdict_word(event.facts.get('verdict'))}"


def _run(event: Event) -> str:
    """A run that ended."""
    return f"run {event.facts.get('run')} ended, {str(event.facts.get('verdict')).replace('_', ' ')}"


def _cluster(event: Event, what: str) -> str:
    """A cluster that came or went."""
    return f"cluster {event.facts.get('cluster')} {what}"


def _records(event: Event) -> str:
    """How many records a cluster has."""
    return counted(int(event.facts.get("records") or 0), "record")


def _flipped(event: Event) -> str:
    """A flag that was seen on PostgreSQL."""
    return f"reads are on PostgreSQL{'' if event.facts.get('had_go') else ', and no go was given'}"


def _missed(event: Event) -> str:
    """Runs that did not start."""
    return f"{counted(int(event.facts.get('missed') or 1), 'scheduled scan')} did not start"


def _digest(event: Event) -> str:
    """All domains in a line."""
    return f"{event.facts.get('blocked')} of {event.facts.get('domains')} domains must not be flipped"


TOLD: Final[Mapping[EventType, Callable[[Event], str]]] = MappingProxyType(
    {
        EventType.RUN_FINISHED: _run,
        EventType.CLUSTER_OPENED: lambda event: _cluster(event, f"is new, {_records(event)}"),
        EventType.CLUSTER_REGRESSED: lambda event: _cluster(event, f"is back, {_records(event)}"),
        EventType.CLUSTER_RESOLVED: lambda event: _cluster(event, "is resolved"),
        EventType.VERDICT_CHANGED: _changed,
        EventType.VERDICT_STANDS: _stands,
        EventType.APPROVAL_REQUESTED: lambda event: f"{event.facts.get('by')} asks for an approval",
        EventType.APPROVAL_RECORDED: lambda event: f"{event.facts.get('by')} decided: {event.facts.get('decision')}",
        EventType.APPROVAL_VOIDED: lambda _: "an approval has lapsed",
        EventType.FLIP_OBSERVED: _flipped,
        EventType.ROLLBACK_OBSERVED: lambda _: "reads are back on MongoDB",
        EventType.SCHEDULE_MISSED: _missed,
        EventType.DIGEST: _digest,
        EventType.TEST: lambda _: "A test: this channel works",
    }
)
