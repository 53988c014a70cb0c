"""How many records of each kind make a marketplace of a wanted size."""

from dataclasses import dataclass
from typing import Self

SHOP_EVERY = 6
TELEGRAM_EVERY = 3
CATEGORIES = 40
FIXED_RECORDS = 220
SMALLEST = 400
_WEIGHTS = {
    "users": 0.107,
    "sessions": 0.020,
    "verifications": 0.028,
    "addresses": 0.135,
    "reviews": 0.107,
    "requests": 0.080,
    "offers": 0.116,
    "payments": 0.044,
    "ledger_entries": 0.071,
    "elsewhere": 0.044,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Numbers of the records that grow; settings, categories and levels keep their small natural numbers."""

    users: int
    sessions: int
    verifications: int
    addresses: int
    reviews: int
    requests: int
    offers: int
    payments: int
    ledger_entries: int
    elsewhere: int

    @classmethod
    def for_records(cls, records: int) -> Self:
        """Share about `records` records out over all entities; fewer than 400 count as 400."""
        growing = max(records, SMALLEST) - FIXED_RECORDS
        return cls(**{name: max(12, round(growing * weight)) for name, weight in _WEIGHTS.items()})

    @property
    def shops(self) -> int:
        """One user in six keeps a shop."""
        return -(-self.users // SHOP_EVERY)

    @property
    def telegram_links(self) -> int:
        """One user in three is linked to Telegram."""
        return -(-self.users // TELEGRAM_EVERY)
