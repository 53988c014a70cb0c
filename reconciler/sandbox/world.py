"""What all makers of demo records share: ids and choices that follow from a seed, and a document with its rows."""

import hashlib
import random
import uuid
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from reconciler.sandbox.plan import CATEGORIES, SHOP_EVERY, Plan

_FIRST_SECOND = 1_609_459_200
_SECONDS = 170_000_000

Document = dict[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One document and the rows that it became, with the entities whose records it holds."""

    collection: str
    document: Document | None
    rows: tuple[tuple[str, Row], ...] = ()
    matched: tuple[str, ...] = ()
    out_of_scope: tuple[str, ...] = ()


class World:
    """The seed and the plan; every id follows from a kind and a number, so that nothing has to be remembered."""

    def __init__(self, *, seed: int, plan: Plan) -> None:
        """Fix the seed that all ids and choices come from."""
        self.plan = plan
        self._seed = seed
        self._key = hashlib.blake2b(str(seed).encode(), digest_size=32).digest()

    def dice(self, kind: str) -> random.Random:
        """Return the random stream of one kind of record."""
        return random.Random(f"{self._seed}/{kind}")

    def object_id(self, kind: str, number: int) -> ObjectId:
        """Return the Mongo id of the record with this number."""
        digest = self._digest(kind, number)
        second = _FIRST_SECOND + int.from_bytes(digest[:4], "big") % _SECONDS
        return ObjectId(second.to_bytes(4, "big") + digest[4:12])

    def uuid(self, kind: str, number: int) -> uuid.UUID:
        """Return the PostgreSQL id of the record with this number."""
        return uuid.UUID(bytes=self._digest(kind, number)[12:28], version=4)

    def pick(self, purpose: str, number: int, count: int) -> int:
        """Return a number below `count` that depends on the purpose and the record's number alone."""
        return int.from_bytes(self._digest(f"pick {purpose}", number)[:8], "big") % count

    def user(self, purpose: str, number: int) -> int:
        """Return the number of some user."""
        return self.pick(purpose, number, self.plan.users)

    def seller(self, purpose: str, number: int) -> int:
        """Return the number of some user who keeps a shop."""
        return self.pick(purpose, number, self.plan.shops) * SHOP_EVERY

    def category(self, purpose: str, number: int) -> int:
        """Return the number of some category."""
        return self.pick(purpose, number, CATEGORIES)

    def selected_offer(self, request: int) -> int | None:
        """Return the number of the offer that a request selected, if any: offer n belongs to request n % requests."""
        offers = len(range(request, self.plan.offers, self.plan.requests))
        if request % 3 or not offers:
            return None
        return request + self.pick("selected offer", request, offers) * self.plan.requests

    def _digest(self, kind: str, number: int) -> bytes:
        return hashlib.blake2b(f"{kind}/{number}".encode(), digest_size=28, key=self._key).digest()
