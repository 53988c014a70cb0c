"""The use cases: what people and schedules ask for, written against ports; no driver is known here."""
