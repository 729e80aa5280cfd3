"""what sources push: arrivals, and the keys that they sign with"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _modes(*modes: str) -> None:
    op.drop_constraint(op.f("ck_runs_runmode"), "runs", type_="check")
    words = ", ".join(f"'{mode}'" for mode in modes)
    op.create_check_constraint(op.f("ck_runs_runmode"), "runs", f"mode IN ({words})")


def upgrade() -> None:
    _modes("APPLY", "PLAN", "REPLAY", "UNDO", "RECEIVE")
    op.create_table(
        "arrivals",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "WAITING",
                "TAKEN",
                "PARKED",
                "REFUSED",
                name="arrivalstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("again_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waits", postgresql.JSONB(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_arrivals_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrivals")),
    )
    op.create_index(op.f("ix_arrivals_source_id_nonce"), "arrivals", ["source_id", "nonce"], unique=True)
    op.create_index(op.f("ix_arrivals_source_id_status_id"), "arrivals", ["source_id", "status", "id"], unique=False)
    op.create_index(op.f("ix_arrivals_status_created_at"), "arrivals", ["status", "created_at"], unique=False)
    op.create_index(
        op.f("ix_arrivals_waits"),
        "arrivals",
        ["waits"],
        postgresql_using="gin",
        postgresql_ops={"waits": "jsonb_path_ops"},
        postgresql_where=sa.text("waits IS NOT NULL"),
    )
    op.add_column("sources", sa.Column("keys", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.execute("UPDATE runs SET mode = 'APPLY' WHERE mode = 'RECEIVE'")
    _modes("APPLY", "PLAN", "REPLAY", "UNDO")
    op.drop_column("sources", "keys")
    op.drop_index(op.f("ix_arrivals_waits"), table_name="arrivals")
    op.drop_index(op.f("ix_arrivals_status_created_at"), table_name="arrivals")
    op.drop_index(op.f("ix_arrivals_source_id_status_id"), table_name="arrivals")
    op.drop_index(op.f("ix_arrivals_source_id_nonce"), table_name="arrivals")
    op.drop_table("arrivals")
