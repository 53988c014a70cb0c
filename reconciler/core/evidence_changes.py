"""What moved between two bundles of evidence, in sentences: why an approval lapsed, and what to read again."""

import json
from collections.abc import Mapping
from typing import Any, Final

from reconciler.core.wording import counted

Bundle = Mapping[str, Any]
PARTS: Final = (
    ("code", "the version of reconciler changed"),
    ("config", "mapping or rules changed"),
    ("policy", "the policy changed"),
)
UNKNOWN: Final = "the evidence changed in a way that has no name yet"


def what_changed(before: str, after: str) -> tuple[str, ...]:
    """The differences between two bundles' texts, the gravest first; nothing where they are the same text."""
    if before == after:
        return ()
    old, new = _read(before), _read(after)
    told = [
        *_diffs(old, new),
        *(sentence for key, sentence in PARTS if old.get(key) != new.get(key)),
        *_schema(old, new),
        *_rollback(old, new),
        *_scans(old, new),
        *_amounts(old, new),
        *_waivers(old, new),
    ]
    return tuple(told) or (UNKNOWN,)


def _read(text: str) -> Bundle:
    """A bundle; an empty one where there is no text."""
    return dict(json.loads(text)) if text else {}


def _diffs(old: Bundle, new: Bundle) -> list[str]:
    """A new confirmed difference, and how many are open."""
    told = []
    if old.get("last_diff_at") != new.get("last_diff_at"):
        told.append("a difference was confirmed")
    for key, name in (("open_confirmed", "open"), ("open_unconfirmed", "unsettled")):
        if old.get(key) != new.get(key):
            told.append(f"{name} differences went from {old.get(key, 0)} to {new.get(key, 0)}")
    return told


def _schema(old: Bundle, new: Bundle) -> list[str]:
    """Another schema of either store, where both newest scans looked."""
    scans = [bundle["scan"] for bundle in (old, new) if bundle.get("scan")]
    seen = [{entity["entity"]: entity["schema"] for entity in scan["entities"]} for scan in scans]
    return ["the schema changed"] if len(seen) > 1 and seen[0] != seen[1] else []


def _rollback(old: Bundle, new: Bundle) -> list[str]:
    """A rollback since."""
    return ["reads were rolled back"] if old.get("rolled_back_at") != new.get("rolled_back_at") else []


def _scans(old: Bundle, new: Bundle) -> list[str]:
    """Another newest scan, other stores, and runs that went wrong since."""
    told, before, after = [], old.get("scan"), new.get("scan")
    stores = [scan.get("identities") for scan in (before, after) if scan]
    if len(stores) > 1 and stores[0] != stores[1]:
        told.append("other stores were compared")
    if _run(before) != _run(after):
        told.append(f"the newest scan is {_run(after)} and was {_run(before)}")
    elif before != after or old.get("clean_scans") != new.get("clean_scans"):
        told.append("other scans count")
    new_trouble = [run for run in new.get("troubled_since", ()) if run not in old.get("troubled_since", ())]
    told += [f"run {run} went wrong" for run in new_trouble]
    return told


def _amounts(old: Bundle, new: Bundle) -> list[str]:
    """Dual-write gaps."""
    before, after = old.get("gaps"), new.get("gaps")
    if before == after:
        return []
    return [f"unresolved dual-write gaps went from {_counted(before)} to {_counted(after)}"]


def _waivers(old: Bundle, new: Bundle) -> list[str]:
    """Waivers that came into force, or went out of it."""
    before, after = set(old.get("waivers", ())), set(new.get("waivers", ()))
    begun = [f"waiver {number} came into force" for number in sorted(after - before)]
    return begun + [f"waiver {number} is over" for number in sorted(before - after)]


def _run(scan: Bundle | None) -> str:
    """A scan by its number."""
    return f"run {scan['run']}" if scan else "none"


def _counted(gaps: int | None) -> str:
    """A number of gaps, or that none was taken."""
    return "not counted" if gaps is None else counted(gaps, "gap")
