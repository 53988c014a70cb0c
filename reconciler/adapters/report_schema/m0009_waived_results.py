"""Step 9: how a check came out when its waiver was asked for, as far as that was noted; before, as if it failed."""

from reconciler.adapters.report_schema.step import Migration

STEP = Migration(
    number=9,
    name="how a waived check came out",
    statements=(
        """
        ALTER TABLE waivers ADD COLUMN result TEXT NOT NULL DEFAULT 'fail'
            CHECK (result IN ('fail', 'inconclusive'))
        """,
    ),
)
