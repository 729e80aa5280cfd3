"""plans tell what a whole read lacks, and why they would be stopped"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ACTIONS = ("CREATE", "UPDATE", "CLOSE", "REJECT", "LINK", "KEEP")


def _check(actions: Sequence[str]) -> None:
    op.drop_constraint(op.f("ck_plan_rows_planaction"), "plan_rows", type_="check")
    op.create_check_constraint(op.f("ck_plan_rows_planaction"), "plan_rows", sa.column("action").in_(actions))


def upgrade() -> None:
    _check((*ACTIONS, "NOTE"))
    op.add_column("runs", sa.Column("guarded", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("runs", "guarded")
    op.execute("DELETE FROM plan_rows WHERE action = 'NOTE'")
    _check(ACTIONS)
