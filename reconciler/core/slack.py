"""An event as a message for Slack: blocks within Slack's limits, and the text for where blocks are not shown."""

from collections.abc import Mapping, Sequence
from typing import Final

from reconciler.core.events import Event
from reconciler.core.sentences import details, headline, sign
from reconciler.core.wording import moment

MOST_HEADER, MOST_SECTION, MOST_FIELD, MOST_FIELDS, MOST_TEXT = 150, 3000, 2000, 10, 4000
ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def slack_message(event: Event, *, link: str, title: str) -> Mapping[str, object]:
    """The message; `link` is the page it is about, empty for none, `title` the name of the dashboard."""
    head = " ".join(part for part in (sign(event), headline(event)) if part)
    facts = details(event)
    blocks: list[Mapping[str, object]] = [
        {"type": "header", "text": {"type": "plain_text", "text": cut(head, MOST_HEADER), "emoji": False}},
        *_fields(facts),
        *([_section(f"<{link}|Open the page>")] if link else []),
        {
            "type": "context",
            "elements": [_text(cut(_escaped(f"{title} · {moment(event.at)} · {event.id}"), MOST_FIELD))],
        },
    ]
    told = "; ".join(f"{label}: {text}" for label, text in facts)
    whole = cut(_escaped(f"{head}. {told}" if told else head), MOST_TEXT)
    return {"text": whole, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def cut(text: str, most: int) -> str:
    """The text, or its beginning with a sign that it goes on."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _fields(facts: Sequence[tuple[str, str]]) -> list[Mapping[str, object]]:
    """One section of short facts."""
    shown = [_text(cut(f"*{_escaped(label)}*\n{_escaped(text)}", MOST_FIELD)) for label, text in facts[:MOST_FIELDS]]
    return [{"type": "section", "fields": shown}] if shown else []


def _section(text: str) -> Mapping[str, object]:
    return {"type": "section", "text": _text(cut(text, MOST_SECTION))}


def _text(text: str) -> Mapping[str, object]:
    return {"type": "mrkdwn", "text": text}


def _escaped(text: str) -> str:
    """The text without the three signs that Slack reads as its own."""
    return text.translate(ESCAPES)
