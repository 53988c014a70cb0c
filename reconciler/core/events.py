"""What happened, for the world outside: kinds of events, one event, and the CloudEvents document that tells it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

SPEC_VERSION: Final = "1.0"
SOURCE: Final = "urn:reconciler"

Fact = str | int | bool | None


class EventType(StrEnum):
    """What can happen; the values are the types of CloudEvents, and never change their meaning."""

    RUN_FINISHED = "reconciler.run.finished.v1"
    CLUSTER_OPENED = "reconciler.cluster.opened.v1"
    CLUSTER_REGRESSED = "reconciler.cluster.regressed.v1"
    CLUSTER_RESOLVED = "reconciler.cluster.resolved.v1"
    VERDICT_CHANGED = "reconciler.gate.verdict_changed.v1"
    VERDICT_STANDS = "reconciler.gate.verdict_stands.v1"
    APPROVAL_REQUESTED = "reconciler.approval.requested.v1"
    APPROVAL_RECORDED = "reconciler.approval.recorded.v1"
    APPROVAL_VOIDED = "reconciler.approval.voided.v1"
    FLIP_OBSERVED = "reconciler.flag.flip_observed.v1"
    ROLLBACK_OBSERVED = "reconciler.flag.rollback_observed.v1"
    SCHEDULE_MISSED = "reconciler.schedule.missed.v1"
    DIGEST = "reconciler.digest.v1"
    TEST = "reconciler.channel.tested.v1"

    @property
    def short(self) -> str:
        """`gate.verdict_changed`, as a configuration spells it."""
        return self.value.removeprefix("reconciler.").removesuffix(".v1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened, before it is stored: `key` is the same however often it is noticed.

    `facts` hold words of ours, names of the configuration, numbers and moments; texts have gone through `telling.safe`.
    `domain` is empty where it is about none.
    """

    key: str
    type: EventType
    domain: str
    at: datetime
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A happening as it is stored: numbered in the order it was noticed, with an id that every delivery repeats."""

    number: int
    id: str
    type: EventType
    domain: str
    at: datetime
    facts: Mapping[str, Fact]


def cloud_event(event: Event, *, link: str) -> dict[str, object]:
    """The CloudEvents 1.0 document; `link` is the page it is about, empty where none is known."""
    known = {"domain": event.domain} if event.domain else {}
    return {
        "specversion": SPEC_VERSION,
        "id": event.id,
        "source": SOURCE,
        "type": event.type.value,
        **({"subject": event.domain} if event.domain else {}),
        "time": event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {**known, **event.facts, **({"link": link} if link else {})},
    }


def body_of(event: Event, *, link: str) -> bytes:
    """The document as bytes, the same each time."""
    text = json.dumps(cloud_event(event, link=link), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()
