"""runs that take another run back"""

from collections.abc import Sequence

from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _modes(*modes: str) -> None:
    op.drop_constraint(op.f("ck_runs_runmode"), "runs", type_="check")
    words = ", ".join(f"'{mode}'" for mode in modes)
    op.create_check_constraint(op.f("ck_runs_runmode"), "runs", f"mode IN ({words})")


def upgrade() -> None:
    _modes("APPLY", "PLAN", "REPLAY", "UNDO")


def downgrade() -> None:
    op.execute("UPDATE runs SET mode = 'APPLY' WHERE mode = 'UNDO'")
    _modes("APPLY", "PLAN", "REPLAY")
