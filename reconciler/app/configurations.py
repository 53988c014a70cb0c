"""Which configuration is in force: a version of each domain as it comes to be seen, and who answers for it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.app.acting import require, signed
from reconciler.app.ports import Clock, ReportStore
from reconciler.core.access import Actor, Right
from reconciler.core.audit import Act, AuditAction
from reconciler.core.spec import DomainSpec
from reconciler.core.versions import ConfigAnswer, version_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Configurations:
    """Takes a person's word for a configuration, so that four eyes know whose approval would be the same two."""

    store: ReportStore
    clock: Clock

    async def accept(self, domain: DomainSpec, *, actor: Actor, comment: str) -> ConfigAnswer:
        """Records that the actor answers for the domain's configuration of today; said twice it is the same word.

        Raises AccessDenied without the right, UsageError without a comment or a PostgreSQL side, and Conflict where
        another person answers for it.
        """
        comment = signed(actor, comment, right=Right.OPERATE)
        require(domain.comparable, f"domain {domain.name}", expected="a domain with a gate", got=domain.not_comparable)
        act = Act(
            actor=replace(actor, name=actor.name.strip()),
            action=AuditAction.CONFIG_ACCEPTED,
            at=self.clock.now(),
            domain=domain.name,
            comment=f"{comment}; mapping and rules {domain.config_digest}, policy {domain.policy_digest}",
        )
        return await self.store.answer_for_configuration(version_of(domain, act.at), act=act)


async def note_configurations(domains: Iterable[DomainSpec], *, store: ReportStore, clock: Clock) -> None:
    """Stores the version of each comparable domain that is not the newest stored one already."""
    for domain in domains:
        if domain.comparable:
            version = version_of(domain, clock.now())
            known = await store.config_versions(domain.name, limit=1)
            if not known or not known[0].same_as(version):
                await store.note_config_version(version)
