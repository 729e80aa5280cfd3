"""schedules, the log of a run, alerts, runs that a person stops"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column(
            "kind",
            sa.Enum(
                "QUIET",
                "FAILING",
                "GUARDED",
                "DRIFT",
                "PARKED",
                "ECHO",
                name="alertkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_alerts_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(
        op.f("ix_alerts_source_id_kind_subject"),
        "alerts",
        ["source_id", "kind", "subject"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_table(
        "schedules",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("jitter", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("set_by", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_schedules_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
    )
    op.create_index(op.f("ix_schedules_next_at"), "schedules", ["next_at"], unique=False)
    op.create_index(op.f("ix_schedules_source_id"), "schedules", ["source_id"], unique=True)
    op.create_table(
        "run_notes",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_notes_run_id")),
        sa.PrimaryKeyConstraint("run_id", "id", name=op.f("pk_run_notes")),
    )
    op.add_column("runs", sa.Column("cancelled_by", sa.Text(), nullable=True))
    op.add_column("sources", sa.Column("quiet_after", sa.Integer(), nullable=True))
    op.add_column("sources", sa.Column("watched_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sources", sa.Column("paused_by", sa.Text(), nullable=True))
    op.add_column("sources", sa.Column("paused_because", sa.Text(), nullable=True))
    op.create_index(op.f("ix_runs_source_id_id"), "runs", ["source_id", "id"], unique=False)
    op.drop_index(op.f("ix_runs_source_id"), table_name="runs")


def downgrade() -> None:
    op.create_index(op.f("ix_runs_source_id"), "runs", ["source_id"], unique=False)
    op.drop_index(op.f("ix_runs_source_id_id"), table_name="runs")
    op.drop_column("sources", "paused_because")
    op.drop_column("sources", "paused_by")
    op.drop_column("sources", "watched_since")
    op.drop_column("sources", "quiet_after")
    op.drop_column("runs", "cancelled_by")
    op.drop_table("run_notes")
    op.drop_index(op.f("ix_schedules_source_id"), table_name="schedules")
    op.drop_index(op.f("ix_schedules_next_at"), table_name="schedules")
    op.drop_table("schedules")
    op.drop_index(
        op.f("ix_alerts_source_id_kind_subject"),
        table_name="alerts",
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.drop_table("alerts")
