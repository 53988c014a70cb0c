"""An audit chain proves itself: every entry is numbered, chained and unchanged, or the first that is not is named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.access import SERVICE, Actor, Means, Right, Role, rights_of
from reconciler.core.audit import BEGINNING, Act, AuditAction, AuditEntry, chained, prove, told, untold

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


actors = st.builds(Actor, name=st.text(min_size=1), role=st.sampled_from(Role), means=st.sampled_from(Means))
acts = st.builds(
    Act,
    actor=actors,
    action=st.sampled_from(AuditAction),
    at=st.datetimes(timezones=st.just(UTC)),
    domain=st.text(),
    verdict=st.text(),
    evidence_digest=st.text(),
    comment=st.text(),
)


def chain_of(*written: Act) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for number, act in enumerate(written, start=1):
        entries.append(chained(act, number=number, previous=entries[-1].digest if entries else BEGINNING))
    return entries


@given(st.lists(acts, max_size=5))
def test_what_was_chained_is_proved(written: list[Act]) -> None:
    entries = chain_of(*written)
    chain = prove(entries)
    assert (chain.trouble, chain.entries) == ("", len(written))
    assert chain.head == (entries[-1].digest if entries else BEGINNING)


@given(st.lists(acts, min_size=1, max_size=4), acts, st.data())
def test_any_change_of_an_act_is_found(written: list[Act], other: Act, data: st.DataObject) -> None:
    entries = chain_of(*written)
    place = data.draw(st.integers(0, len(entries) - 1))
    name = data.draw(st.sampled_from(Act.__slots__))
    changed = replace(written[place], **{name: getattr(other, name)})
    entries[place] = replace(entries[place], act=changed)
    assert prove(entries).intact is (changed == written[place])


def entries_of(count: int) -> list[AuditEntry]:
    return chain_of(*(Act(actor=SERVICE, action=AuditAction.VOID, at=NOON, comment=str(n)) for n in range(count)))


@pytest.mark.parametrize(
    ("places", "trouble", "held"),
    [
        ([1, 2], "entry 1 is missing: entry 2 follows entry 0", 0),
        ([0, 2], "entry 2 is missing: entry 3 follows entry 1", 1),
        ([0, 0, 1], "entry 2 is missing: entry 1 follows entry 1", 1),
        ([1, 0], "entry 1 is missing: entry 2 follows entry 0", 0),
    ],
)
def test_entries_left_out_doubled_or_moved_are_found(places: list[int], trouble: str, held: int) -> None:
    entries = entries_of(3)
    chain = prove([entries[place] for place in places])
    assert (chain.trouble, chain.entries) == (trouble, held)
    assert chain.head == (entries[held - 1].digest if held else BEGINNING)


def test_an_entry_of_another_chain_is_found() -> None:
    entries = entries_of(2)
    stranger = chained(entries[1].act, number=2, previous=entries[1].digest)
    assert prove([entries[0], stranger]).trouble == "entry 2 is not chained to entry 1"


def test_a_proof_goes_on_from_where_it_ended() -> None:
    entries = entries_of(4)
    first = prove(entries[:2])
    assert prove(entries[2:], number=first.entries, previous=first.head) == prove(entries)


def test_the_digest_does_not_depend_on_the_zone_in_which_a_time_is_told() -> None:
    act = Act(actor=SERVICE, action=AuditAction.FLIP, at=NOON)
    elsewhere = replace(act, at=NOON.astimezone(timezone(timedelta(hours=2))))
    assert chained(act, number=1, previous=BEGINNING).digest == chained(elsewhere, number=1, previous=BEGINNING).digest


def test_every_role_has_the_rights_of_those_before_it() -> None:
    rights = [rights_of(role) for role in Role]
    assert all(less < more for less, more in pairwise(rights))
    assert rights[0] == {Right.VIEW}
    assert rights[-1] == frozenset(Right)


@given(st.lists(acts, min_size=1, max_size=3))
def test_an_entry_that_was_told_can_be_read_again(written: list[Act]) -> None:
    entries = chain_of(*written)
    assert [untold({**told(entry), "digest": entry.digest}) for entry in entries] == entries


@pytest.mark.parametrize(
    "change",
    [
        *({name: 7} for name in ("actor", "role", "means", "action", "at", "domain", "verdict", "comment", "digest")),
        {"evidence_digest": None}, {"previous": None}, {"role": "king"}, {"means": "magic"}, {"action": "wished"},
        {"at": "yesterday"}, {"at": "2026-03-01T12:00:00"}, {"number": "1"}, {"number": True}, {"version": 2},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_entry_is_refused(change: dict[str, object]) -> None:
    entry = entries_of(1)[0]
    with pytest.raises((ValueError, TypeError)):
        untold({**told(entry), "digest": entry.digest, **change})


@pytest.mark.parametrize("name", ["number", "version", "comment", "digest"])
def test_an_entry_without_a_part_is_refused(name: str) -> None:
    entry = entries_of(1)[0]
    document = {**told(entry), "digest": entry.digest}
    del document[name]
    with pytest.raises(KeyError, match=name):
        untold(document)


def test_a_digest_is_what_anybody_can_compute_from_the_canonical_text() -> None:
    act = Act(actor=Actor(name="k\u00fcm", role=Role.VIEWER, means=Means.TOKEN), action=AuditAction.VOID, at=NOON)
    text = (
        '{"action":"void","actor":"k\\u00fcm","at":"2026-03-01T12:00:00.000000+00:00","comment":"","domain":"",'
        '"evidence_digest":"","means":"token","number":2,"previous":"sha256:0","role":"viewer","verdict":"","version":1}'
    )
    entry = chained(act, number=2, previous="sha256:0")
    assert entry.digest == f"sha256:{sha256(text.encode()).hexdigest()}"
    assert entry.digest != chained(act, number=2, previous="sha256:1").digest
