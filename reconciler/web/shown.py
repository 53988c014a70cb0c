"""The gates that were shown lately, by their evidence: what somebody saw when what they decide on has moved since."""

from collections import OrderedDict
from typing import Final

from aiohttp import web

from reconciler.core.gate import Gate

KEPT: Final = 512


class ShownGates:
    """Kept in memory, the oldest go first; nothing is decided by it."""

    def __init__(self) -> None:
        self._gates: OrderedDict[tuple[str, str], Gate] = OrderedDict()

    def note(self, gate: Gate) -> None:
        """Remembers a gate as it was shown now."""
        if gate.evidence_digest is None:
            return
        key = (gate.domain, gate.evidence_digest)
        self._gates[key] = gate
        self._gates.move_to_end(key)
        while len(self._gates) > KEPT:
            self._gates.popitem(last=False)

    def find(self, domain: str, digest: str) -> Gate | None:
        """The gate as it was last shown with that evidence."""
        return self._gates.get((domain, digest))


SHOWN: Final = web.AppKey("shown", ShownGates)
