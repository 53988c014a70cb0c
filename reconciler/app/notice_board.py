"""What pages, metrics and commands tell of notices: how each channel does, and what happened lately."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.app.notices import ChannelHealth, Outbox
from reconciler.core.channels import Channel
from reconciler.core.events import Event, EventType
from reconciler.core.wording import counted

IMPORTANT: Final = (
    EventType.VERDICT_CHANGED,
    EventType.APPROVAL_REQUESTED,
    EventType.APPROVAL_RECORDED,
    EventType.APPROVAL_VOIDED,
    EventType.FLIP_OBSERVED,
    EventType.ROLLBACK_OBSERVED,
    EventType.SCHEDULE_MISSED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """A channel, how it does, and why it cannot be reached at all, empty where it can."""

    channel: Channel
    health: ChannelHealth
    problem: str

    @property
    def trouble(self) -> str:
        """What is wrong now, in words; empty where nothing is."""
        wrong = self.problem or self.health.trouble
        lost = f"{counted(self.health.dead, 'notice')} given up, `reconciler notify log --dead`"
        return "; ".join(part for part in (wrong, lost if self.health.dead else "") if part)

    @property
    def untried(self) -> bool:
        """Whether nothing is wrong, but nothing has ever arrived either."""
        return not self.trouble and self.health.delivered_at is None

    @property
    def well(self) -> bool:
        """Whether something has arrived, and nothing is wrong since; silence is not enough."""
        return not self.trouble and not self.untried


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeBoard:
    """Answers from the report database; `problem` tells why a channel cannot be reached at all."""

    outbox: Outbox
    channels: tuple[Channel, ...]
    problem: Callable[[str], str]

    async def states(self) -> tuple[ChannelState, ...]:
        """Every configured channel."""
        found = await self.outbox.health([channel.name for channel in self.channels])
        return tuple(
            ChannelState(channel=channel, health=health, problem=self.problem(channel.name))
            for channel, health in zip(self.channels, found, strict=True)
        )

    async def lately(self, *, limit: int) -> Sequence[Event]:
        """The newest changes of verdicts and other important events, newest first."""
        return await self.outbox.events(IMPORTANT, limit=limit)

    async def results(self) -> Mapping[tuple[str, str], int]:
        """How many tries ended how, by channel and result, those of channels that are gone among them."""
        return await self.outbox.results()

    async def missed(self) -> Mapping[tuple[str, str], int]:
        """How many scheduled runs did not start, by domain and mode."""
        return await self.outbox.missed()
