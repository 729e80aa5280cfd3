"""indexes of requests and events leave out the rows without a value: most rows have none, and each write paid"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = (
    *(("requests", name) for name in ("assignee_id", "submitter_id", "caller_id", "merged_into_id")),
    *(("request_events", name) for name in ("actor_id", "party_id")),
)


def upgrade() -> None:
    for table, column in COLUMNS:
        name = op.f(f"ix_{table}_{column}")
        op.drop_index(name, table)
        op.create_index(name, table, [column], postgresql_where=sa.text(f"{column} IS NOT NULL"))


def downgrade() -> None:
    for table, column in COLUMNS:
        name = op.f(f"ix_{table}_{column}")
        op.drop_index(name, table)
        op.create_index(name, table, [column])
