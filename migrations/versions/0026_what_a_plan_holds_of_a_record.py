"""the rows of a plan are found by their key: a record may come on several pages"""

from collections.abc import Sequence

from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_plan_rows_run_id_key", "plan_rows", ["run_id", "key"])


def downgrade() -> None:
    op.drop_index("ix_plan_rows_run_id_key", table_name="plan_rows")
