"""runs that replay rejected records, and who worked on one and why; runs that take another run back"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _modes(*modes: str) -> None:
    op.drop_constraint(op.f("ck_runs_runmode"), "runs", type_="check")
    words = ", ".join(f"'{mode}'" for mode in modes)
    op.create_check_constraint(op.f("ck_runs_runmode"), "runs", f"mode IN ({words})")


def upgrade() -> None:
    op.add_column("rejected", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("rejected", sa.Column("handled_by", sa.Text(), nullable=True))
    _modes("APPLY", "PLAN", "REPLAY", "UNDO")


def downgrade() -> None:
    op.execute("UPDATE runs SET mode = 'APPLY' WHERE mode IN ('REPLAY', 'UNDO')")
    _modes("APPLY", "PLAN")
    op.drop_column("rejected", "handled_by")
    op.drop_column("rejected", "note")
