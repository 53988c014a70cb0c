"""Watching the schemas of both stores: what nobody mentions, and whether what is mentioned is still what it was."""

from dataclasses import dataclass, replace

from reconciler.app.ports import RecordReader, ReportStore, TargetReader
from reconciler.core.drift import (
    FieldsSeen,
    gone,
    mentioned,
    mentioned_columns,
    plain_path,
    retyped,
    watched,
    without_values,
)
from reconciler.core.model import Side
from reconciler.core.schema_look import PathSeen, SchemaLook
from reconciler.core.spec import EntitySpec, System


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A look at the schemas, and the mentioned fields that documents have, which the next scan will be held against."""

    look: SchemaLook
    present: tuple[PathSeen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftWatch:
    """Looks at names, types and counts in both stores; never at a value."""

    system: System
    store: ReportStore
    source: RecordReader
    target: TargetReader

    async def look(self, domain: str, entity: EntitySpec, schema: SchemaLook) -> Drift:
        """What is known of the schemas already, and what documents and tables hold beyond the mapping or lack of it."""
        seen, columns = await self.source.fields_seen(entity), await self.target.fields_seen(entity)
        unmentioned = (*self._fields(entity, seen), *self._columns(entity, columns))
        lacks = (*schema.lacks, *retyped(entity, seen), *await self._gone(domain, entity, seen, unmentioned))
        return Drift(look=replace(schema, lacks=lacks, unmentioned=unmentioned), present=_present(entity, seen))

    async def _gone(
        self, domain: str, entity: EntitySpec, seen: FieldsSeen, unmentioned: tuple[PathSeen, ...]
    ) -> tuple[str, ...]:
        """The fields that no document has any more; the target is asked only where one has none."""
        lost = without_values(entity, seen)
        if not lost:
            return ()
        filled = await self.target.filled(entity, lost)
        stored = await self.store.schema_paths(domain)
        known = {one.path for one in stored if (one.entity, one.side) == (entity.name, Side.SOURCE)}
        others = tuple(one.path for one in unmentioned if one.side == Side.SOURCE)
        return gone(entity, lost, filled=filled, known=known, others=others)

    def _fields(self, entity: EntitySpec, seen: FieldsSeen) -> tuple[PathSeen, ...]:
        """The fields of documents that nobody mentions."""
        known = mentioned(entity, self.system)
        return tuple(_path(Side.SOURCE, path, seen) for path in sorted(seen.types) if path not in known)

    def _columns(self, entity: EntitySpec, seen: FieldsSeen) -> tuple[PathSeen, ...]:
        """The columns that nobody mentions, `table.column` in child tables."""
        known = {
            column if table == entity.table else f"{table}.{column}"
            for table, columns in mentioned_columns(entity, self.system).items()
            for column in columns
        }
        return tuple(_path(Side.TARGET, path, seen) for path in sorted(seen.types) if path not in known)


def _path(side: Side, path: str, seen: FieldsSeen) -> PathSeen:
    """How often a path was seen."""
    return PathSeen(side=side.value, path=path, count=sum(seen.types[path].values()), looked_at=seen.looked_at)


def _present(entity: EntitySpec, seen: FieldsSeen) -> tuple[PathSeen, ...]:
    """The mentioned fields that documents have a value of."""
    paths = dict.fromkeys(plain_path(one.path) for one in watched(entity))
    counts = ((path, sum(seen.values(path).values())) for path in paths)
    return tuple(
        PathSeen(side=Side.SOURCE.value, path=path, count=count, looked_at=max(count, seen.looked_at))
        for path, count in counts
        if count
    )
