"""notify.toml: what its tables mean, every mistake of it, and addresses that are missing without stopping anything."""

import base64
import shutil
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from reconciler.adapters.config.notify import Notify
from reconciler.adapters.config_files import load_configuration
from reconciler.core.channels import USUAL, Channel, ChannelKind, QuietHours
from reconciler.core.events import EventType
from reconciler.errors import ConfigurationError

pytestmark = pytest.mark.unit

CONFIG = Path(__file__).resolve().parents[3] / "config"
SECRET = "whsec_" + base64.b64encode(b"hunter2" * 5).decode()
SLACK = '[[channel]]\nname = "ops"\nkind = "slack"\nurl = "RECONCILER_NOTIFY_OPS"\n'
HOOK = '[[channel]]\nname = "hook"\nkind = "webhook"\nurl = "HOOK_URL"\nsecrets = ["HOOK_SECRET"]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(CONFIG, tmp_path / "config")
    return tmp_path / "config"


def notify(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Notify:
    (folder / "notify.toml").write_text(text, encoding="utf-8")
    return load_configuration(folder=folder, environ=environ or {}).notify


def mistakes(folder: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        notify(folder, text)
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


def test_nobody_is_told_until_somebody_is_named(folder: Path) -> None:
    assert load_configuration(folder=CONFIG, environ={}).notify.channels == ()
    (folder / "notify.toml").unlink()
    assert load_configuration(folder=folder, environ={}).notify == Notify()


def test_a_channel_that_says_nothing_more_is_told_the_usual(folder: Path) -> None:
    given = notify(folder, SLACK, {"RECONCILER_NOTIFY_OPS": "https://hooks.example/hunter2"})
    assert given.channels == (Channel(name="ops", kind=ChannelKind.SLACK, events=USUAL),)
    assert given.addresses["ops"].problem == ""
    assert "hunter2" not in repr(given)


def test_every_key_means_something(folder: Path) -> None:
    more = """
    events = ["cluster.opened"]
    domains = ["address"]
    failure_threshold = 3
    success_threshold = 2
    reminder_every = "6h"
    send_resolved = false
    digest = "07:30"
    quiet = { begin = "22:00", end = "06:00", zone = "Europe/Berlin" }
    """
    given = notify(folder, f'look_every = "5s"\nlink = "https://gate.example"\n{HOOK}{more}')
    assert (given.look_every, given.link) == (timedelta(seconds=5), "https://gate.example")
    assert given.channels == (
        Channel(
            name="hook",
            kind=ChannelKind.WEBHOOK,
            events=frozenset({EventType.CLUSTER_OPENED, EventType.DIGEST}),
            domains=frozenset({"address"}),
            failure_threshold=3,
            success_threshold=2,
            reminder_every=timedelta(hours=6),
            send_resolved=False,
            digest=time(7, 30),
            quiet=QuietHours(begin=time(22), end=time(6), zone=ZoneInfo("Europe/Berlin")),
        ),
    )


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({}, "HOOK_URL is not set"),
        ({"HOOK_URL": "http://hooks.example/hunter2", "HOOK_SECRET": SECRET}, "HOOK_URL: expected https"),
        ({"HOOK_URL": "https://a:hunter2@hooks.example", "HOOK_SECRET": SECRET}, "without a login"),
        ({"HOOK_URL": "https://hooks.example", "HOOK_SECRET": "hunter2"}, "HOOK_SECRET: expected secrets as whsec_"),
        ({"HOOK_URL": "https://hooks.example"}, "HOOK_SECRET: expected a secret"),
        ({"HOOK_URL": "https://hooks.example", "HOOK_URL_FILE": "hunter2", "HOOK_SECRET": SECRET}, "HOOK_URL"),
        ({"HOOK_URL": "https://hooks.example", "HOOK_SECRET": SECRET}, ""),
    ],
)
def test_an_address_that_does_not_do_is_a_problem_of_its_channel_alone(
    folder: Path, environ: dict[str, str], problem: str
) -> None:
    address = notify(folder, HOOK, environ).addresses["hook"]
    assert problem in address.problem
    assert bool(address.problem) is bool(problem)
    assert "hunter2" not in repr(address)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (SLACK + SLACK, "each name once"),
        (SLACK + 'events = ["gate.verdict_chnged"]\n', "did you mean gate.verdict_changed?"),
        (SLACK + 'events = ["digest"]\n', "expected one of"),
        (SLACK + 'domains = ["adress"]\n', "did you mean address?"),
        (SLACK + 'secrets = ["HOOK_SECRET"]\n', "none, as Slack checks none"),
        (HOOK.replace('secrets = ["HOOK_SECRET"]', ""), "variables to sign with"),
        (SLACK + 'quiet = { begin = "22:00", end = "07:00", zone = "Berlin" }\n', "a zone like Europe/Berlin"),
        (SLACK + 'quiet = { begin = "25:00", end = "07:00" }\n', "a time of day like 07:30"),
        (SLACK + 'digest = "7"\n', "a time of day like 07:30"),
        (SLACK + "failure_threshold = 0\n", "at least 1"),
        (
            SLACK.replace('"RECONCILER_NOTIFY_OPS"', '"https://hooks.example/hunter2"'),
            "the name of an environment variable",
        ),
        (SLACK.replace("slack", "pigeon"), "kind"),
        (SLACK + 'colour = "red"\n', "colour"),
        ('look_every = "0s"\n', "a duration above zero"),
        ("[[channel]\n", "notify.toml"),
    ],
)
def test_every_mistake_is_told(folder: Path, text: str, named: str) -> None:
    assert named in mistakes(folder, text)


def test_variables_of_channels_are_no_unknown_settings(folder: Path) -> None:
    assert notify(folder, SLACK, {"RECONCILER_NOTIFY_ELSE": "x"}).channels
    with pytest.raises(ConfigurationError, match="RECONCILER_NOTIFYX"):
        notify(folder, SLACK, {"RECONCILER_NOTIFYX": "x"})
