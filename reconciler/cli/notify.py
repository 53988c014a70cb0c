"""The command `notify`: the channels that are told, how they do, and trying them."""

from collections.abc import Sequence

import click

from reconciler.app.documents import instant
from reconciler.app.notice_board import ChannelState
from reconciler.app.notices import Delivery, DeliveryStatus
from reconciler.cli.acting import acting
from reconciler.cli.context import configuration, formats, print_json, print_jsonl, run_async
from reconciler.cli.suggesting import Group
from reconciler.cli.terminal import say, table
from reconciler.cli.texts import when
from reconciler.core.access import Actor, Right
from reconciler.core.audit import Act, AuditAction
from reconciler.core.channels import Channel
from reconciler.core.sentences import headline
from reconciler.core.wording import counted
from reconciler.errors import UsageError
from reconciler.wiring import Reports, deliveries, notice_board, open_reports

FAILED = 4


@click.group(name="notify", cls=Group)
def notify_command() -> None:
    """The channels that are told of what happens; config/notify.toml declares them."""


@notify_command.command(name="list")
@formats("text", "json", "jsonl")
def list_channels(form: str) -> int:
    """Every channel, what it is told, and how it does.

    \b
    Example:
      reconciler notify list --format json
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    rows = run_async(_channels())
    documents = [_channel_document(row) for row in rows]
    if form == "json":
        print_json(documents)
    elif form == "jsonl":
        print_jsonl(documents)
    else:
        say(_channel_table(rows) if rows else "No channel is configured: config/notify.toml declares them.")
    return 0


async def _channels() -> Sequence[ChannelState]:
    """Each channel as it does."""
    async with open_reports(configuration()) as reports:
        await acting(reports, Right.VIEW)
        return await notice_board(reports).states()


def _channel_table(states: Sequence[ChannelState]) -> str:
    """A line a channel."""
    head = ("CHANNEL", "KIND", "DOMAINS", "WAITING", "GIVEN UP", "LAST ARRIVED", "TROUBLE")
    lines = [
        (
            state.channel.name,
            state.channel.kind.value,
            ", ".join(sorted(state.channel.domains)) or "all",
            str(state.health.pending),
            str(state.health.dead),
            when(state.health.delivered_at),
            "untried" if state.untried else state.trouble or "—",
        )
        for state in states
    ]
    return table([head, *lines])


def _channel_document(state: ChannelState) -> dict[str, object]:
    """A channel as JSON; its address and secrets are nowhere."""
    channel, health = state.channel, state.health
    return {
        "channel": channel.name,
        "kind": channel.kind.value,
        "events": sorted(kind.short for kind in channel.events),
        "domains": sorted(channel.domains),
        "well": state.well,
        "untried": state.untried,
        "problem": state.problem,
        "pending": health.pending,
        "dead": health.dead,
        "delivered_at": instant(health.delivered_at),
        "failed_at": instant(health.failed_at),
        "trouble": health.trouble,
    }


@notify_command.command(name="log")
@click.option("--channel", default=None, help="Of this channel only.")
@click.option("--dead", is_flag=True, help="Only what was given up.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many, newest first.")
@formats("text", "json", "jsonl")
def show_log(channel: str | None, dead: bool, limit: int, form: str) -> int:  # noqa: FBT001 - click passes options by name
    """Deliveries, newest first, with how the last try of each ended.

    \b
    Example:
      reconciler notify log --channel ops --dead
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    found = run_async(_log(channel, dead=dead, limit=limit))
    documents = [_delivery_document(one) for one in found]
    if form == "json":
        print_json(documents)
    elif form == "jsonl":
        print_jsonl(documents)
    else:
        say(_delivery_table(found) if found else "Nothing was to be told yet.")
    return 0


async def _log(channel: str | None, *, dead: bool, limit: int) -> Sequence[Delivery]:
    """The deliveries asked for."""
    async with open_reports(configuration()) as reports:
        await acting(reports, Right.VIEW)
        status = DeliveryStatus.DEAD if dead else None
        return await reports.store.outbox.deliveries(channel=channel, status=status, limit=limit)


def _delivery_table(found: Sequence[Delivery]) -> str:
    """A line a delivery."""
    rows = [
        (str(one.id), one.channel, one.status.value, str(one.tries), when(one.last_at), headline(one.event), one.told)
        for one in found
    ]
    return table([("ID", "CHANNEL", "STATUS", "TRIES", "LAST TRY", "WHAT", "HOW IT ENDED"), *rows])


def _delivery_document(one: Delivery) -> dict[str, object]:
    """A delivery as JSON."""
    return {
        "id": one.id,
        "channel": one.channel,
        "status": one.status.value,
        "tries": one.tries,
        "next_at": instant(one.next_at) if one.status is DeliveryStatus.PENDING else None,
        "last_at": instant(one.last_at),
        "told": one.told,
        "event": {"id": one.event.id, "type": one.event.type.value, "domain": one.event.domain},
        "headline": headline(one.event),
    }


@notify_command.command(name="test")
@click.argument("channel", required=False)
@formats("text", "json")
def test_channels(channel: str | None, form: str) -> int:
    """Send a test to CHANNEL, or to every channel, now; exit 4 where one did not arrive.

    \b
    Examples:
      reconciler notify test
      reconciler notify test ops
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    found = run_async(_test(channel))
    if form == "json":
        print_json([_delivery_document(one) for one in found])
    else:
        for one in found:
            arrived = "arrived" if one.status is DeliveryStatus.DELIVERED else "did not arrive"
            click.echo(f"{one.channel}: {arrived} ({one.told})")
    return 0 if all(one.status is DeliveryStatus.DELIVERED for one in found) else FAILED


async def _test(name: str | None) -> list[Delivery]:
    """A test for each channel asked for."""
    async with open_reports(configuration()) as reports:
        actor = await acting(reports, Right.OPERATE)
        chosen = _chosen(reports, name)
        work = deliveries(reports, lambda _: None)
        await reports.store.note_act(_act(reports, actor, AuditAction.NOTICES_TESTED, chosen))
        return [await work.test(channel) for channel in chosen]


@notify_command.command(name="retry")
@click.argument("channel", required=False)
def retry_dead(channel: str | None) -> int:
    """Put what was given up, of CHANNEL or of all, back in line; `reconciler serve` sends it.

    \b
    Example:
      reconciler notify retry ops
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    count = run_async(_retry(channel))
    click.echo(f"{counted(count, 'notice')} back in line")
    return 0


async def _retry(name: str | None) -> int:
    """How many are tried again."""
    async with open_reports(configuration()) as reports:
        actor = await acting(reports, Right.OPERATE)
        chosen = _chosen(reports, name)
        await reports.store.note_act(_act(reports, actor, AuditAction.NOTICES_RETRIED, chosen))
        return await reports.store.outbox.retry(channel=name, at=reports.clock.now())


def _chosen(reports: Reports, name: str | None) -> list[Channel]:
    """The channel of that name, all without one. Raises UsageError where there is none."""
    channels = reports.notify.channels
    found = [channel for channel in channels if name in (None, channel.name)]
    if not found:
        known = ", ".join(channel.name for channel in channels)
        raise UsageError(
            f"no channel {name}" if name else "no channel is configured",
            expected=f"one of {known}" if known else "a [[channel]] in config/notify.toml",
            got=name or "none",
            next_step="`reconciler notify list`",
        )
    return found


def _act(reports: Reports, actor: Actor, action: AuditAction, channels: Sequence[Channel]) -> Act:
    """What somebody did with channels."""
    named = ", ".join(channel.name for channel in channels)
    return Act(actor=actor, action=action, at=reports.clock.now(), comment=f"channels {named}")
