"""the tally of requests, and what it says of those that are there"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATUS = sa.Enum(
    "DRAFT",
    "RECEIVED",
    "NEEDS_INFO",
    "REJECTED_SCOPE",
    "TRIAGED",
    "DISPATCHED",
    "SIGNED",
    "RETURN_REQUESTED",
    "RETURNED",
    "IN_PROGRESS",
    "EXTENSION_REQUESTED",
    "HANDLED",
    "VERIFIED",
    "CALLBACK",
    "REWORK",
    "MERGED",
    "CLOSED",
    "ARCHIVED",
    name="requeststatus",
    native_enum=False,
    create_constraint=True,
    length=32,
)
LEVEL = sa.Enum(
    "ESTATE",
    "COMMUNITY",
    "STREET",
    "DISTRICT",
    name="requestlevel",
    native_enum=False,
    create_constraint=True,
    length=32,
)
FILL = """
INSERT INTO tallies (id, total, grid_path, status, level, public, count)
SELECT gen_random_uuid(), * FROM (
    SELECT place.total, place.path, status, level, public, sum(count)
    FROM (SELECT grid_path, status, level, public, count(*) FROM requests GROUP BY 1, 2, 3, 4) AS alike
    CROSS JOIN LATERAL (
        SELECT FALSE, grid_path
        UNION ALL SELECT TRUE, ''
        UNION ALL SELECT TRUE, left(grid_path, n) FROM generate_series(1, length(grid_path)) AS ends (n)
            WHERE substr(grid_path, n, 1) = '/'
    ) AS place (total, path)
    GROUP BY 1, 2, 3, 4, 5
) AS sums
"""


def upgrade() -> None:
    op.create_table(
        "tallies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("total", sa.Boolean(), nullable=False),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("status", STATUS, nullable=False),
        sa.Column("level", LEVEL, nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tallies")),
        sa.UniqueConstraint(
            "total",
            "grid_path",
            "status",
            "level",
            "public",
            name=op.f("uq_tallies_total_grid_path_status_level_public"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "tally_deltas",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("status", STATUS, nullable=False),
        sa.Column("level", LEVEL, nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tally_deltas")),
    )
    op.execute(FILL)


def downgrade() -> None:
    op.drop_table("tally_deltas")
    op.drop_table("tallies")
