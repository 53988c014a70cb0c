"""Who is told of what, as config/notify.toml declares it: its shape, its mistakes, and the channels it means."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from reconciler.adapters.config.mistakes import mistake, read_toml, suggestion, validated
from reconciler.adapters.config.secret_values import read_secret
from reconciler.adapters.config.shapes import Shape
from reconciler.adapters.config.values import Duration, Flag, Name, PositiveDuration, TimeOfDay, WebAddress
from reconciler.adapters.senders import Address, address_problem, secret_problem
from reconciler.core.channels import USUAL, Channel, ChannelKind, QuietHours
from reconciler.core.events import EventType

NOTIFY_FILE: Final = "notify.toml"
NEVER: Final = timedelta(0)
BY_ITSELF: Final = (EventType.DIGEST, EventType.TEST, EventType.VERDICT_STANDS)
SHORT: Final = {kind.short: kind for kind in EventType if kind not in BY_ITSELF}
MOST_LOOKS: Final = 10_000


class QuietShape(Shape):
    """When a channel is left alone, each day, in a named zone."""

    begin: TimeOfDay
    end: TimeOfDay
    zone: Annotated[str, Field(min_length=1)] = "UTC"


class ChannelShape(Shape):
    """One place that is told."""

    name: Name
    kind: Annotated[ChannelKind, Field(strict=False)]
    url: Flag
    secrets: list[Flag] = Field(default_factory=list)
    events: list[str] = Field(default_factory=lambda: sorted(kind.short for kind in USUAL))
    domains: list[Name] = Field(default_factory=list)
    failure_threshold: int = Field(default=1, ge=1, le=MOST_LOOKS)
    success_threshold: int = Field(default=1, ge=1, le=MOST_LOOKS)
    reminder_every: Duration = NEVER
    send_resolved: bool = True
    digest: TimeOfDay | None = None
    quiet: QuietShape | None = None


class NotifyShape(Shape):
    """notify.toml as a whole."""

    look_every: PositiveDuration = timedelta(seconds=10)
    link: WebAddress = ""
    channel: list[ChannelShape] = Field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Who is told, where each channel is reached, how often is looked, and the address that links begin with."""

    channels: tuple[Channel, ...] = ()
    addresses: Mapping[str, Address] = field(default_factory=dict)
    look_every: timedelta = timedelta(seconds=10)
    link: str = ""


def read_notify(folder: Path, *, domains: Sequence[str], environ: Mapping[str, str], problems: list[str]) -> Notify:
    """The channels; none where there is no file. Mistakes of the file are added to `problems`.

    An address that is missing or unfit is none of them: it is a problem of its channel, and stops nothing else.
    """
    path = folder / NOTIFY_FILE
    if not path.exists():
        return Notify()
    where = str(path)
    tree = read_toml(path, where, problems)
    shape = None if tree is None else validated(NotifyShape, tree, where, problems)
    if shape is None:
        return Notify()
    found = list(_mistakes(where, shape.channel, domains))
    problems += found
    if found:
        return Notify()
    return Notify(
        channels=tuple(_channel(one) for one in shape.channel),
        addresses={one.name: _address(one, environ) for one in shape.channel},
        look_every=shape.look_every,
        link=shape.link,
    )


def _channel(shape: ChannelShape) -> Channel:
    """What a channel's table means."""
    events = frozenset(SHORT[name] for name in shape.events)
    return Channel(
        name=shape.name,
        kind=shape.kind,
        events=events | ({EventType.DIGEST} if shape.digest else set()),
        domains=frozenset(shape.domains),
        failure_threshold=shape.failure_threshold,
        success_threshold=shape.success_threshold,
        reminder_every=shape.reminder_every or None,
        send_resolved=shape.send_resolved,
        quiet=_quiet(shape.quiet) if shape.quiet else None,
        digest=time.fromisoformat(shape.digest) if shape.digest else None,
    )


def _quiet(shape: QuietShape) -> QuietHours:
    """A stretch of each day."""
    begin, end = time.fromisoformat(shape.begin), time.fromisoformat(shape.end)
    return QuietHours(begin=begin, end=end, zone=ZoneInfo(shape.zone))


def _address(shape: ChannelShape, environ: Mapping[str, str]) -> Address:
    """Where the channel is reached, from the environment or from files, or why it is not."""
    troubles: list[str] = []
    url = read_secret(shape.url, environ, troubles)
    secrets = tuple(one for name in shape.secrets if (one := read_secret(name, environ, troubles)) is not None)
    if url is None and not troubles:
        troubles.append(f"{shape.url} is not set")
    if url is not None and (wrong := address_problem(url.get_secret_value())):
        troubles.append(f"{shape.url}: {wrong}")
    if shape.kind is ChannelKind.WEBHOOK and (wrong := secret_problem(secrets)):
        troubles.append(f"{', '.join(shape.secrets)}: {wrong}")
    return Address(url=url, secrets=secrets, problem="; ".join(troubles))


def _mistakes(where: str, channels: Sequence[ChannelShape], domains: Sequence[str]) -> Iterator[str]:
    """What no single key shows: names used twice, that lead nowhere, or that do not suit the kind."""
    names = [channel.name for channel in channels]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield mistake(where, f"channel {name}", expected="each name once", got=f"{name!r} again")
    for channel in channels:
        key = f"channel {channel.name}"
        for event in channel.events:
            if event not in SHORT:
                yield mistake(where, f"{key}.events", expected=suggestion(event, sorted(SHORT)), got=repr(event))
        for domain in channel.domains:
            if domain not in domains:
                yield mistake(where, f"{key}.domains", expected=suggestion(domain, sorted(domains)), got=repr(domain))
        if bool(channel.secrets) != (channel.kind is ChannelKind.WEBHOOK):
            expected = "variables to sign with" if channel.kind is ChannelKind.WEBHOOK else "none, as Slack checks none"
            yield mistake(where, f"{key}.secrets", expected=expected, got=f"{len(channel.secrets)}")
        if channel.quiet and not _known_zone(channel.quiet.zone):
            yield mistake(
                where, f"{key}.quiet.zone", expected="a zone like Europe/Berlin", got=repr(channel.quiet.zone)
            )


def _known_zone(name: str) -> bool:
    """Whether this machine knows the zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
