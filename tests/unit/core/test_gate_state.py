"""A machine that does to a domain what people, stores and clocks do, and holds open gates to what is true now."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from reconciler.core.gate import (
    Check,
    CheckResult,
    DataFacts,
    Dependency,
    FlagState,
    Gate,
    GateFacts,
    GateVerdict,
    Member,
    Reads,
    decide,
)
from reconciler.core.history import Decision, DomainHistory, DomainRun, Rehearsal, Waiver
from reconciler.core.model import Mode, Outcome, RunStatus, Side
from reconciler.core.rules import RuleKind, RuleSpec
from reconciler.core.schema_look import PathSeen, SchemaLook
from reconciler.core.spec import FieldKind, FieldSpec, GatePolicy
from reconciler.core.waiver_checks import WAIVABLE
from tests.unit.gate_world import INTACT, PLAN, START, a_run, broken, domain_spec, entity_spec, summary

pytestmark = pytest.mark.unit

HOUR = timedelta(hours=1)
NOTE = FieldSpec(path="note", kind=FieldKind.TEXT, column="note")
POLICY = GatePolicy(
    soak_window=10 * HOUR,
    min_clean_scans=2,
    clean_scan_gap=5 * HOUR,
    max_scan_age=12 * HOUR,
    approvals=2,
    approval_ttl=24 * HOUR,
    rehearsal_max_age=100 * HOUR,
    four_eyes=True,
)
RULE = RuleSpec(path="note", kind=RuleKind.IGNORE, owner="s.lee", reason="known", until=date(2025, 11, 24))
RULE_ENDS = datetime(2025, 11, 25, tzinfo=UTC)
RULED = replace(entity_spec(), fields=(*entity_spec().fields, NOTE), rules=(RULE,))
PEOPLE = ("m.ortiz", "k.noor", "s.lee")

# What a run can come to, and how it then looks in the store.
CLEAN: dict[str, object] = {}
FLAWS: dict[str, dict[str, object]] = {
    "diff": {"entities": (summary(outcomes={Outcome.FIELD_MISMATCH: 1}),)},
    "key defect": {"entities": (summary(outcomes={Outcome.KEY_DEFECT: 1}),)},
    "invariant broken": {"entities": (summary(invariants=(broken(1),)),)},
    "unsettled": {"entities": (summary(outcomes={Outcome.FIELD_MISMATCH: 1}, unconfirmed=1),)},
    "unreadable": {"entities": (summary(outcomes={Outcome.UNREADABLE: 1}),)},
    "partial": {"entities": (summary(complete=False, coverage=0.4),)},
    "empty": {"entities": (summary(matched=0),)},
    "failed": {"status": RunStatus.FAILED, "entities": ()},
    "interrupted": {"status": RunStatus.INTERRUPTED},
    "blind": {"canaries_planted": 0, "canaries_caught": 0},
    "canary missed": {"canaries_caught": 8},
}


Shown = tuple[int, int]


class Life(RuleBasedStateMachine):
    """Keeps its own account of what happened, in real time and apart from what the gate looks at."""

    went: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.real = START
        self.config = self.policy = self.code = 1
        self.runs: list[DomainRun] = []
        self.open = 0
        self.last_diff: datetime | None = None
        self.decisions: list[Decision] = []
        self.rehearsed: datetime | None = None
        self.flag = FlagState(reads=Reads.MONGO)
        self.rolled_back: datetime | None = None
        self.harmed = START
        self.version = 0
        self.clean_since_harm: list[tuple[datetime, datetime]] = []
        self.votes: dict[str, tuple[Shown, datetime]] = {}
        self.refused: dict[str, Shown] = {}
        self.scan_fine = self.run_fine = False
        self.gaps = 0
        self.lacks = self.unmentioned = 0
        self.answers = ""
        self.neighbour, self.member = CheckResult.PASS, GateVerdict.GO
        self.asked: set[tuple[str, Shown]] = set()
        self.waivers: list[Waiver] = []
        self.chain = INTACT

    def shown(self) -> Shown:
        """What a decision is on: everything that happened, and the gaps, which may come back to what they were."""
        return self.version, self.counted_gaps()

    def harm(self) -> None:
        """Something that restarts the soak and voids approvals."""
        self.harmed, self.clean_since_harm = self.real, []
        self.version += 1

    def pass_time(self, hours: float) -> None:
        self.now += hours * HOUR
        self.real += hours * HOUR

    def run_once(self, mode: Mode, shape: dict[str, object]) -> None:
        started = self.now
        self.pass_time(0.5)
        changes: dict[str, object] = {
            "mode": mode,
            "started_at": started,
            "finished_at": self.now,
            "config_digest": f"c{self.config}",
            "policy_digest": f"p{self.policy}",
            "code_version": f"v{self.code}",
            "gaps": self.gaps,
            **shape,
        }
        run = a_run(len(self.runs) + 1, hours=0, **changes)  # type: ignore[arg-type]
        seen = tuple(replace(one, schema=self.look()) for one in run.entities)
        self.runs.insert(0, replace(run, entities=seen) if mode is Mode.SCAN else run)

    def look(self) -> SchemaLook:
        """Both schemas as a scan would see them now."""
        paths = (PathSeen(side=Side.TARGET, path=f"new_{n}", count=1, looked_at=1) for n in range(self.unmentioned))
        return SchemaLook(lacks=tuple(f"column {n} is gone" for n in range(self.lacks)), unmentioned=tuple(paths))

    def gate(self) -> Gate:
        spec = domain_spec(
            policy=POLICY,
            config_digest=f"c{self.config}",
            policy_digest=f"p{self.policy}",
            depends_on=("auth",),
            flip_group="pair",
        )
        spec = replace(spec, entities=(RULED,))
        rehearsals = [
            Rehearsal(domain="address", minutes=1, comment="-", actor="-", at=at) for at in [self.rehearsed] if at
        ]
        history = DomainHistory(
            runs=tuple(self.runs),
            open_confirmed=self.open,
            open_unconfirmed=0,
            last_diff_at=self.last_diff,
            decisions=tuple(self.decisions),
            rehearsals=tuple(rehearsals),
            waivers=tuple(self.waivers),
            configured_by=self.answers,
        )
        data = DataFacts(spec=spec, now=self.now, history=history, code_version=f"v{self.code}", gaps_watched=True)
        told = Check(name="open_diffs", result=self.neighbour, measured="-", needed="0", since=None, evidence="run 1")
        return decide(
            GateFacts(
                data=data,
                chain=self.chain,
                plan=PLAN,
                flag=self.flag,
                rolled_back_at=self.rolled_back,
                dependencies=(Dependency(domain="auth", checks=(told,), valid_until=None),),
                group=(Member(domain="other", verdict=self.member, reason="-", valid_until=None),),
            )
        )

    def decide(self, actor: str, action: str, digest: str) -> None:
        self.decisions.append(
            Decision(
                id=len(self.decisions) + 1,
                domain="address",
                action=action,
                evidence_digest=digest,
                actor=actor,
                comment="-",
                at=self.now,
            )
        )

    @rule(hours=st.sampled_from([0.1, 1.0, 4.0, 6.0, 13.0, 25.0]))
    def wait(self, hours: float) -> None:
        self.pass_time(hours)

    @rule(hours=st.sampled_from([0.2, 3.0, 20.0]))
    def clock_goes_back(self, hours: float) -> None:
        self.now -= hours * HOUR

    def clean_scan(self) -> None:
        started = (self.real, self.now)
        self.run_once(Mode.SCAN, CLEAN)
        self.open, self.scan_fine, self.run_fine = 0, True, True
        self.clean_since_harm.append(started)
        self.version += 1

    @rule(
        hours=st.sampled_from([6.0, 9.0]),
        times=st.integers(1, 4),
        then=st.sampled_from([0.0, 10.5]),
        walked=st.booleans(),
        who=st.permutations(PEOPLE),
    )
    def good_days(self, hours: float, times: int, then: float, walked: bool, who: list[str]) -> None:  # noqa: FBT001
        """What leads to a go when nothing stands against it."""
        for _ in range(times):
            self.pass_time(hours)
            self.clean_scan()
        self.pass_time(then)
        if walked:
            self.rehearse()
        self.answers = self.answers or who[2]
        for actor in who[:2]:
            self.approve(actor)

    @initialize(times=st.sampled_from([4, 3, 0]), walked=st.sampled_from([True, True, False]))
    def begin(self, times: int, walked: bool) -> None:  # noqa: FBT001
        self.good_days(hours=6.0, times=times, then=0.0, walked=walked, who=list(PEOPLE))

    @rule(flaw=st.sampled_from(sorted(FLAWS)), mode=st.sampled_from([Mode.SCAN, Mode.SAMPLE]), covered_up=st.booleans())
    def bad_run(self, flaw: str, mode: Mode, covered_up: bool) -> None:  # noqa: FBT001
        """A run that is not clean, with or without a clean sample after it; only scans ask invariants."""
        mode = Mode.SCAN if flaw == "invariant broken" else mode
        self.run_once(mode, FLAWS[flaw])
        if mode is Mode.SAMPLE and flaw == "blind":
            self.run_fine = True
        else:
            self.run_fine, self.scan_fine = False, self.scan_fine and mode is Mode.SAMPLE
            self.version += 1
        if flaw in ("diff", "key defect", "invariant broken"):
            self.open, self.last_diff = int(flaw != "invariant broken"), self.now
            self.harm()
        if covered_up:
            self.clean_sample()

    @rule(mode=st.sampled_from([Mode.SCAN, Mode.SAMPLE]))
    def clean_run(self, mode: Mode) -> None:
        if mode is Mode.SCAN:
            self.clean_scan()
        else:
            self.clean_sample()

    def clean_sample(self) -> None:
        self.run_once(Mode.SAMPLE, CLEAN)
        self.run_fine = True

    @rule(what=st.sampled_from(["config", "policy", "code"]))
    def change(self, what: str) -> None:
        setattr(self, what, getattr(self, what) + 1)
        self.answers = self.answers if what == "code" else ""
        kept = self.clean_since_harm if what == "policy" else []
        self.harm()
        self.clean_since_harm, self.scan_fine = kept, self.scan_fine and what == "policy"

    def approve(self, actor: str) -> None:
        digest = self.gate().evidence_digest
        if digest is not None:
            self.decide(actor, "approve", digest)
            self.votes[actor] = (self.shown(), self.now)
            self.refused.pop(actor, None)

    def reject(self, actor: str) -> None:
        digest = self.gate().evidence_digest
        if digest is not None:
            self.decide(actor, "reject", digest)
            self.refused[actor] = self.shown()
            self.votes.pop(actor, None)

    def revoke(self, actor: str) -> None:
        self.decide(actor, "revoke", "")
        self.refused.pop(actor, None)
        self.votes.clear()

    def request(self, actor: str) -> None:
        digest = self.gate().evidence_digest
        if digest is not None:
            self.decide(actor, "request", digest)
            self.asked.add((actor, self.shown()))

    @rule(actor=st.sampled_from(PEOPLE), word=st.sampled_from(["approve", "reject", "revoke", "request"]))
    def speak(self, actor: str, word: str) -> None:
        words = {"approve": self.approve, "reject": self.reject, "revoke": self.revoke, "request": self.request}
        words[word](actor)

    @rule(actor=st.sampled_from(PEOPLE))
    def answer_for_the_configuration(self, actor: str) -> None:
        """The first who says so stays the one."""
        self.answers = self.answers or actor

    def rehearse(self) -> None:
        self.rehearsed = self.now

    @rule(gaps=st.sampled_from([0, 1, 2]))
    def gaps_appear_or_are_resolved(self, gaps: int) -> None:
        """The next run counts them; until then nobody knows."""
        self.gaps = gaps
        self.clean_sample()

    @rule(lacks=st.sampled_from([0, 1, 2]), unmentioned=st.sampled_from([0, 3]), seen=st.booleans())
    def schema_changes(self, lacks: int, unmentioned: int, seen: bool) -> None:  # noqa: FBT001
        """Columns go, come back or are new; the next scan sees it, until then nobody knows."""
        self.lacks, self.unmentioned = lacks, unmentioned
        if seen:
            self.clean_scan()

    @rule(check=st.sampled_from(sorted(WAIVABLE)), hours=st.sampled_from([2.0, 30.0]))
    def waive(self, check: str, hours: float) -> None:
        """Two people set a check aside, for what is wrong with it now."""
        found = next((one for one in self.gate().checks if one.name == check), None)
        if found is None or found.result not in (CheckResult.FAIL, CheckResult.INCONCLUSIVE):
            return
        self.waivers.append(
            Waiver(
                id=len(self.waivers) + 1,
                domain="address",
                check=check,
                reason="-",
                until=self.now + hours * HOUR,
                most=found.amount,
                result=found.result.value,
                asked_by="m.ortiz",
                asked_at=self.now,
                confirmed_by="k.noor",
                confirmed_at=self.now,
            )
        )

    @rule(one_person=st.booleans(), check=st.sampled_from(["open_diffs", "approvals", "coverage", "rollback_plan"]))
    def waive_what_nobody_may(self, one_person: bool, check: str) -> None:  # noqa: FBT001
        """One person alone, or a check that can't be waived, whatever is stored of it."""
        confirmed_by = "M.Ortiz " if one_person or check == "rollback_plan" else "k.noor"
        last = Waiver(
            id=len(self.waivers) + 1,
            domain="address",
            check=check,
            reason="-",
            until=self.now + 50 * HOUR,
            most=None if check != "rollback_plan" else 9,
            asked_by="m.ortiz",
            asked_at=self.now,
            confirmed_by=confirmed_by,
            confirmed_at=self.now,
        )
        if check == "rollback_plan" or one_person:
            self.waivers.append(last)

    @rule(
        data=st.sampled_from([CheckResult.PASS, CheckResult.PASS, CheckResult.FAIL, CheckResult.INCONCLUSIVE]),
        gate=st.sampled_from([GateVerdict.GO, GateVerdict.GO, GateVerdict.READY, GateVerdict.HOLD, GateVerdict.NO_GO]),
    )
    def neighbours_change(self, data: CheckResult, gate: GateVerdict) -> None:
        """The domain that this one refers to, and the one that it flips with."""
        self.neighbour, self.member = data, gate

    @rule(broken=st.booleans())
    def audit_log(self, broken: bool) -> None:  # noqa: FBT001
        """Somebody meddles with the log, or a backup is restored."""
        self.chain = replace(INTACT, trouble="entry 1 is missing") if broken else INTACT

    @rule()
    def restart(self) -> None:
        """Nothing is remembered: the same facts give the same gate."""
        assert self.gate() == self.gate()

    @rule()
    def flip(self) -> None:
        self.flag = FlagState(reads=Reads.POSTGRES, had_go=self.gate().verdict is GateVerdict.GO)

    @rule()
    @precondition(lambda self: self.flag.reads is Reads.POSTGRES and self.clock_is_right())
    def roll_back(self) -> None:
        """Only while the clock is right: a rollback is known by its time alone, runs are also known by their order."""
        self.flag, self.rolled_back = FlagState(reads=Reads.MONGO), self.now
        self.harm()

    def clock_is_right(self) -> bool:
        return all(run.finished_at <= self.now for run in self.runs if run.finished_at)

    @invariant()
    def open_means_true_now(self) -> None:
        gate = self.gate()
        if gate.verdict in (GateVerdict.GO, GateVerdict.READY, GateVerdict.SOAKING, GateVerdict.FLIPPED):
            self.data_are_good()
        if gate.verdict in (GateVerdict.GO, GateVerdict.READY):
            self.time_has_passed()
        if gate.verdict is GateVerdict.GO:
            self.people_agreed()
            assert self.member is GateVerdict.GO or self.covered("flip_group", 1)
            assert bool(gate.waived) == ("waiver" in gate.reason)
            Life.went += 1

    def data_are_good(self) -> None:
        assert self.open == 0
        assert self.scan_fine
        assert self.run_fine
        newest = next(run for run in self.runs if run.mode is Mode.SCAN)
        assert timedelta(0) <= self.now - newest.started_at < POLICY.max_scan_age
        assert (newest.config_digest, newest.code_version) == (f"c{self.config}", f"v{self.code}")
        assert self.flag.reads is Reads.MONGO or self.flag.had_go
        assert self.clock_is_right()
        assert self.chain.intact
        assert self.now <= RULE_ENDS or self.covered("rules_valid", 1)
        assert self.neighbour is CheckResult.PASS or self.covered("depends_on", 1)
        lacks = max(len(one.schema.lacks) if one.schema else 9 for one in newest.entities)
        assert lacks == 0 or self.covered("schema", lacks)
        assert self.counted_gaps() == 0 or self.covered("dualwrite_gaps", self.counted_gaps())

    def counted_gaps(self) -> int:
        """As the newest sealed run counted them."""
        return next((run.gaps or 0 for run in self.runs if run.status is RunStatus.COMPLETED), 0)

    def covered(self, check: str, amount: int) -> bool:
        """Whether two people stand by this check now, for at least as much as is wrong."""
        return any(
            one.check == check
            and (one.most or 0) >= amount
            and {one.asked_by, one.confirmed_by} == {"m.ortiz", "k.noor"}
            and one.asked_at <= self.now < one.until
            for one in self.waivers
        )

    def time_has_passed(self) -> None:
        assert self.real - self.harmed >= POLICY.soak_window
        assert len(self.clean_since_harm) >= 2
        assert self.clean_since_harm[-1][0] - self.clean_since_harm[0][0] >= POLICY.clean_scan_gap
        self.no_gap_in_the_window()
        rehearsed = self.rehearsed is not None and self.now - self.rehearsed < POLICY.rehearsal_max_age
        assert rehearsed or self.covered("rollback_plan", 1)

    def no_gap_in_the_window(self) -> None:
        """Back from the newest clean scan, none lacks a neighbour until the window is covered."""
        for later, earlier in zip(self.clean_since_harm[::-1], self.clean_since_harm[-2::-1], strict=False):
            if self.now - later[1] >= POLICY.soak_window:
                return
            assert timedelta(0) <= later[1] - earlier[1] <= POLICY.max_scan_age

    def people_agreed(self) -> None:
        standing = [
            actor
            for actor, (shown, at) in self.votes.items()
            if shown == self.shown()
            and timedelta(0) <= self.now - at < POLICY.approval_ttl
            and actor != self.answers
            and (actor, shown) not in self.asked
        ]
        assert self.answers
        assert len(standing) >= POLICY.approvals
        assert self.shown() not in self.refused.values()


def test_an_open_gate_means_that_every_precondition_holds_now() -> None:
    Life.went = 0
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=250,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
    assert Life.went > 100, "the machine must reach `go`, or it proves nothing"
