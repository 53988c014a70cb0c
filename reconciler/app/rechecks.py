"""Re-reading what differs until it is equal, or has stayed different long enough to count."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.app.passes import Candidate, EntityPass, Looker
from reconciler.app.ports import Clock
from reconciler.core.model import Outcome, Record, RecordKey, Side
from reconciler.core.outcomes import Judged, observation

AT_ONCE = 1000
A_STORM = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckPolicy:
    """In seconds: how long a difference must stay, the pauses, and when a changing record is given up."""

    confirm_after: float = 60.0
    first_pause: float = 0.25
    longest_pause: float = 8.0
    give_up_after: float = 180.0


class Rechecks:
    """Settles the candidates of all passes of a run together, so that the waiting is done once."""

    def __init__(self, looker: Looker, clock: Clock, policy: RecheckPolicy) -> None:
        """Reads through `looker`, waits by `clock`."""
        self._looker = looker
        self._clock = clock
        self._policy = policy

    async def settle(self, passes: Sequence[EntityPass]) -> None:
        """Moves every candidate to settled (it stayed), unconfirmed (it kept changing), or counts it as cleared."""
        pause = self._policy.first_pause
        while any(one.candidates for one in passes):
            await self._clock.sleep(self._wait(pause, passes))
            pause = min(pause * 2, self._policy.longest_pause)
            for one in passes:
                await self._round(one)

    def _wait(self, pause: float, passes: Sequence[EntityPass]) -> float:
        """The pause, cut where the next candidate is due; in a storm one look at the end is enough."""
        waiting = [candidate for one in passes for candidate in one.candidates.values()]
        due = min(candidate.since for candidate in waiting) + self._policy.confirm_after - self._clock.monotonic()
        if len(waiting) > A_STORM and pause > self._policy.first_pause:
            due = max(candidate.since for candidate in waiting) + self._policy.confirm_after - self._clock.monotonic()
            return due if due > 0 else pause
        return min(pause, due) if due > 0 else pause

    async def _round(self, one: EntityPass) -> None:
        """Reads an entity's candidates again."""
        waiting = list(one.candidates.values())
        for at in range(0, len(waiting), AT_ONCE):
            some = waiting[at : at + AT_ONCE]
            now = self._clock.monotonic()
            keys, ids = _questions(some)
            fresh = await self._looker.fresh(one.entity, keys=keys, ids=ids)
            differing = {judged.diff.locator: judged for judged in fresh if judged.diff}
            agreeing = {
                record.key_text: judged for judged in fresh if not judged.diff for record in judged.records if record
            }
            lost = [each for each in some if each.locator not in differing and _text(each) not in agreeing]
            hidden = await self._hidden(one, lost) if lost else set()
            for candidate in some:
                if (judged := differing.get(candidate.locator)) is not None:
                    self._decide(one, candidate, judged, now)
                elif candidate.locator in hidden:
                    self._decide(one, candidate, candidate.judged, now, confirmable=False)
                else:
                    _clear(one, candidate, agreeing)

    async def _hidden(self, one: EntityPass, lost: Sequence[Candidate]) -> set[str]:
        """Candidates that asking by key did not bring back though a record with that key is there: not cleared."""
        ids = {
            side: [record.id for each in lost if (record := each.judged.records[place])]
            for place, side in enumerate((Side.SOURCE, Side.TARGET))
        }
        fresh = await self._looker.fresh(one.entity, keys=[], ids={side: some for side, some in ids.items() if some})
        there = {(record.id, record.key_text) for judged in fresh for record in judged.records if record}
        return {
            each.locator
            for each in lost
            if any(record and (record.id, record.key_text) in there for record in each.judged.records)
        }

    def _decide(
        self, one: EntityPass, candidate: Candidate, judged: Judged, now: float, *, confirmable: bool = True
    ) -> None:
        """Confirms, gives up or keeps a candidate that still differs."""
        locator, seen = candidate.locator, observation(judged)
        if seen != candidate.seen:
            candidate.judged, candidate.seen, candidate.since = judged, seen, now
        if confirmable and now - candidate.since >= self._policy.confirm_after:
            del one.candidates[locator]
            one.settled.append(judged)
        elif now - candidate.first >= self._policy.give_up_after:
            del one.candidates[locator]
            stays = judged.outcome is Outcome.UNREADABLE
            (one.settled if stays else one.unconfirmed).append(judged)


def _clear(one: EntityPass, candidate: Candidate, agreeing: Mapping[str, Judged]) -> None:
    """Counts a candidate that is equal now as what it is now; one that is on neither side any more is out of scope."""
    del one.candidates[candidate.locator]
    one.cleared += 1
    one.checked.add(candidate.locator)
    judged = agreeing.get(_text(candidate))
    one.outcomes[judged.outcome if judged else Outcome.OUT_OF_SCOPE] += 1
    if judged is not None:
        one.helped(judged)


def _text(candidate: Candidate) -> str:
    """The candidate's key as reports spell it."""
    return candidate.judged.diff.key_text if candidate.judged.diff else ""


def _questions(candidates: Iterable[Candidate]) -> tuple[list[RecordKey], dict[Side, Sequence[str]]]:
    """What to ask for to see these candidates again: their keys, and the ids of records without a usable one."""
    keys: dict[tuple[object, ...], RecordKey] = {}
    ids: dict[Side, list[str]] = {Side.SOURCE: [], Side.TARGET: []}
    for candidate in candidates:
        for side, record in zip((Side.SOURCE, Side.TARGET), candidate.judged.records, strict=True):
            if record is not None:
                _ask(record, keys, ids[side])
    return list(keys.values()), {side: found for side, found in ids.items() if found}


def _ask(record: Record, keys: dict[tuple[object, ...], RecordKey], ids: list[str]) -> None:
    """Notes the record's key, or its id."""
    if record.key is None:
        ids.append(record.id)
    else:
        keys[record.key.parts] = record.key
