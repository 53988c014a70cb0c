"""What a step of the schema is, and the guards that steps put on tables which only grow."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema: from the version before it to `number`."""

    number: int
    name: str
    statements: tuple[str, ...]


def append_only(table: str, event: str, *, row: str, unless: str = "") -> str:
    """A trigger that refuses to change a row of a sealed run, or (`unless="1"`) of a table that only grows."""
    door = "NOT EXISTS (SELECT 1 FROM prunings WHERE finished = 0)"
    sealed = f"EXISTS (SELECT 1 FROM runs WHERE id = {row}.run_id AND status <> 'running')"
    conditions = [unless or sealed, *([door] if event == "DELETE" else [])]
    return f"""
        CREATE TRIGGER {table}_{event.lower()}_refused BEFORE {event} ON {table} WHEN {" AND ".join(conditions)}
        BEGIN SELECT RAISE(ABORT, '{table}: sealed runs and decisions are never changed'); END
    """


def only_grows(table: str) -> tuple[str, ...]:
    """Triggers that refuse to change, to delete or to insert again a row of a table with an `id`."""
    return (
        *(append_only(table, event, row="OLD", unless="1") for event in ("UPDATE", "DELETE")),
        append_only(table, "INSERT", row="NEW", unless=f"EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"),
    )
