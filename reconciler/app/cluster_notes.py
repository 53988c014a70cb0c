"""What people note on a cluster: who looks after it, what they know, and where it is followed up."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from reconciler.app.acting import require
from reconciler.app.ports import Clock, ClusterCount, ClusterNote, ReportStore
from reconciler.core.access import Actor, Right
from reconciler.core.access import require as require_right
from reconciler.core.audit import Act, AuditAction

LONGEST: Final = {"owner": 100, "note": 2000, "link": 500}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterNotes:
    """Notes on clusters; each is written down."""

    store: ReportStore
    clock: Clock

    async def note(self, cluster_id: str, note: ClusterNote, *, actor: Actor) -> ClusterCount:
        """The cluster with its note. Raises AccessDenied, NotFound, UsageError for a long text or no true link."""
        require_right(actor, Right.OPERATE)
        given = ClusterNote(owner=_kept(note.owner), note=_kept(note.note), link=_kept(note.link))
        texts = {"owner": given.owner, "note": given.note, "link": given.link}
        named = {name: text for name, text in texts.items() if text is not None}
        require(named, "the note", expected="an owner, a note or a link", got="none of them")
        for name, text in named.items():
            _require_short(name, text)
        if given.link:
            _require_link(given.link)
        cluster = await self.store.cluster(cluster_id)
        told = "; ".join(f"{name}: {text or 'none'}" for name, text in named.items())
        act = Act(
            actor=actor,
            action=AuditAction.CLUSTER_NOTED,
            at=self.clock.now(),
            domain=cluster.domain,
            comment=f"{cluster.id} {told}",
        )
        return await self.store.note_cluster(cluster.id, given, act=act)


def _kept(text: str | None) -> str | None:
    """The text without its edges; None is left as it is."""
    return None if text is None else text.strip()


def _require_short(name: str, text: str) -> None:
    """Refuses a text that is too long, and what can't be seen in an owner or a link."""
    most = LONGEST[name]
    require(len(text) <= most, name, expected=f"at most {most} characters", got=f"{len(text)}")
    plain = name == "note" or text.isprintable()
    require(plain, name, expected="one line of characters that can be seen", got="others among them")


def _require_link(text: str) -> None:
    """Refuses what is no address on the web, and one that carries a password."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        good = False
    require(good and " " not in text, "link", expected="an http or https address without a login", got="something else")
