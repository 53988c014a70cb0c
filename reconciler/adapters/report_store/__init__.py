"""The report database on SQLite: what runs found and people decided, kept so that a partial run never looks whole."""

from reconciler.adapters.report_store.store import SqliteReportStore, open_report_store

__all__ = ["SqliteReportStore", "open_report_store"]
