"""what a source may write, and what it says beyond what is expected"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _actions(*actions: str) -> None:
    op.drop_constraint(op.f("ck_plan_rows_planaction"), "plan_rows", type_="check")
    words = ", ".join(f"'{action}'" for action in actions)
    op.create_check_constraint(op.f("ck_plan_rows_planaction"), "plan_rows", f"action IN ({words})")


def upgrade() -> None:
    op.create_table(
        "pins",
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("pinned_by", sa.Text(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pins")),
    )
    op.create_index(op.f("ix_pins_entity_id_field"), "pins", ["entity_id", "field"], unique=True)
    op.create_table(
        "drift_rules",
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column(
            "policy",
            sa.Enum(
                "EVOLVE",
                "FREEZE",
                "DISCARD",
                "QUARANTINE",
                name="drift",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("set_by", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_drift_rules_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift_rules")),
    )
    op.create_index(
        op.f("ix_drift_rules_source_id_kind_field"),
        "drift_rules",
        ["source_id", "kind", "field"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "extras",
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_extras_source_id")),
        sa.PrimaryKeyConstraint("entity_id", "source_id", name=op.f("pk_extras")),
    )
    op.create_table(
        "ownerships",
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column(
            "rule",
            sa.Enum("SOURCE", "HUB", "NEWEST", name="rule", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("set_by", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_ownerships_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ownerships")),
    )
    op.create_index(
        op.f("ix_ownerships_source_id_kind_field"),
        "ownerships",
        ["source_id", "kind", "field"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "withheld",
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_withheld_source_id")),
        sa.PrimaryKeyConstraint("entity_id", "field", "source_id", name=op.f("pk_withheld")),
    )
    op.create_table(
        "sightings",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_sightings_source_id")),
        sa.PrimaryKeyConstraint("source_id", "kind", "key", name=op.f("pk_sightings")),
    )
    op.drop_table("provenances")
    op.add_column("links", sa.Column("later", postgresql.JSONB(), nullable=True))
    op.add_column("links", sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("links", sa.Column("unknown", sa.Text(), nullable=True))
    _actions("CREATE", "UPDATE", "CLOSE", "REJECT", "LINK", "KEEP")
    op.add_column("changes", sa.Column("said_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("plan_rows", sa.Column("kept", postgresql.JSONB(), nullable=False, server_default="{}"))
    op.alter_column("plan_rows", "kept", server_default=None)
    op.add_column("runs", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("sources", sa.Column("most_gone", sa.Double(), nullable=False, server_default="0.05"))
    op.alter_column("sources", "most_gone", server_default=None)


def downgrade() -> None:
    op.execute("DELETE FROM plan_rows WHERE action = 'KEEP'")
    _actions("CREATE", "UPDATE", "CLOSE", "REJECT", "LINK")
    op.drop_column("links", "unknown")
    op.drop_column("links", "missed_at")
    op.drop_column("links", "later")
    op.drop_table("sightings")
    op.drop_column("sources", "most_gone")
    op.drop_column("runs", "reason")
    op.drop_column("plan_rows", "kept")
    op.drop_column("changes", "said_at")
    op.create_table(
        "provenances",
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_provenances_source_id")),
        sa.PrimaryKeyConstraint("entity_id", "field", name=op.f("pk_provenances")),
    )
    op.drop_table("withheld")
    op.drop_index(
        op.f("ix_ownerships_source_id_kind_field"), table_name="ownerships", postgresql_nulls_not_distinct=True
    )
    op.drop_table("ownerships")
    op.drop_table("extras")
    op.drop_index(
        op.f("ix_drift_rules_source_id_kind_field"), table_name="drift_rules", postgresql_nulls_not_distinct=True
    )
    op.drop_table("drift_rules")
    op.drop_index(op.f("ix_pins_entity_id_field"), table_name="pins")
    op.drop_table("pins")
