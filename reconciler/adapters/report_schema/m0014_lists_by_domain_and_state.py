"""Step 14: the ways through all differences that lists take, so that a page costs the same however many there are."""

from reconciler.adapters.report_schema.step import Migration

STEP = Migration(
    number=14,
    name="lists of differences by domain and by state",
    statements=(
        "CREATE INDEX diffs_of_domain ON diffs (domain, id)",
        "CREATE INDEX diffs_in_state ON diffs (state, id)",
    ),
)
