"""How far a scan by checksums has come: the ranges it has behind it, their counts, and what differed in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.checksum.words import KeyRange
from reconciler.core.model import Outcome, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A difference that a range held, and where its records are found: by their keys, and by their own ids."""

    locator: str
    keys: tuple[str, ...]
    ids: Mapping[Side, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a scan has counted from its beginning; what differs is left out of `outcomes`, but not of the records.

    `ruled` counts by the place of a rule in the entity, `hidden` are records that could not be read again.
    """

    records: Mapping[Side, int]
    outcomes: Mapping[Outcome, int]
    softened: Mapping[str, int]
    ruled: Mapping[int, int]
    canaries: tuple[int, int]
    cleared: int
    hidden: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedRange:
    """A range that was compared from `since` to `at`; `number` counts from 0, and each begins where the last ended.

    `shape` is the stores' tables as they were then, `tally` is of this range and all before it, `looked_at` are the ids
    of the range's records that were read one by one.
    """

    number: int
    key_range: KeyRange
    shape: str
    since: datetime
    at: datetime
    tally: Counts
    looked_at: Mapping[Side, tuple[str, ...]]
    suspects: tuple[Suspect, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """The ranges that a run has behind it of one entity; `overtaken` where another one saw differences since."""

    ranges: tuple[ScannedRange, ...]
    overtaken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanProgress:
    """How far the scan of an entity is whose domain is not finished: records compared, by side, until when, and all."""

    domain: str
    entity: str
    records: Mapping[Side, int]
    at: datetime
    whole: bool
