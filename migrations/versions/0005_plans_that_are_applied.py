"""stored plans are applied: what became of each of their rows, and where the source goes on from"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATE = sa.Enum("WAITING", "APPLIED", "REFUSED", name="planstate", native_enum=False, create_constraint=True, length=32)
STATUSES = ("RUNNING", "PLANNED", "DONE", "FAILED", "CANCELLED")
MORE_STATUSES = ("RUNNING", "PLANNED", "APPLIED", "DONE", "FAILED", "CANCELLED")
ACTIONS = ("CREATE", "UPDATE", "CLOSE", "REJECT")
OLD = "Made by an older version: plan again."


def _check(table: str, column: str, name: str, values: tuple[str, ...]) -> None:
    """Let a vocabulary have these words."""
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    words = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, f"{column} IN ({words})")


def upgrade() -> None:
    op.add_column("plan_rows", sa.Column("number", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("plan_rows", sa.Column("state", STATE, nullable=False, server_default="REFUSED"))
    op.add_column("plan_rows", sa.Column("reason", sa.Text(), nullable=True, server_default=OLD))
    for column in ("number", "state", "reason"):
        op.alter_column("plan_rows", column, server_default=None)
    op.create_index(op.f("ix_plan_rows_run_id_number"), "plan_rows", ["run_id", "number"])
    op.add_column("runs", sa.Column("plan_id", sa.Uuid(), nullable=True))
    op.add_column("runs", sa.Column("moved", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("runs", "moved", server_default=None)
    op.add_column("runs", sa.Column("began", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("cursor", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_runs_plan_id"), "runs", "runs", ["plan_id"], ["id"])
    op.create_index(op.f("ix_runs_plan_id"), "runs", ["plan_id"], postgresql_where=sa.text("plan_id IS NOT NULL"))
    op.execute(f"UPDATE runs SET status = 'CANCELLED', error = '{OLD}' WHERE status = 'PLANNED'")
    _check("runs", "status", "runstatus", MORE_STATUSES)
    _check("plan_rows", "action", "planaction", (*ACTIONS, "LINK"))


def downgrade() -> None:
    op.execute("UPDATE runs SET status = 'DONE' WHERE status = 'APPLIED'")
    op.execute("DELETE FROM plan_rows WHERE action = 'LINK'")
    _check("plan_rows", "action", "planaction", ACTIONS)
    _check("runs", "status", "runstatus", STATUSES)
    op.drop_index(op.f("ix_runs_plan_id"), "runs")
    op.drop_constraint(op.f("fk_runs_plan_id"), "runs", type_="foreignkey")
    for column in ("cursor", "began", "moved", "plan_id"):
        op.drop_column("runs", column)
    op.drop_index(op.f("ix_plan_rows_run_id_number"), "plan_rows")
    for column in ("reason", "state", "number"):
        op.drop_column("plan_rows", column)
