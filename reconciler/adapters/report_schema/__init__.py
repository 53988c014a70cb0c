"""The schema of the report database: ordered steps, one module each, applied once and never changed afterwards."""
