"""practices as data: schemes, workflows, figures, indicators"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "features",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("practice", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("scenario", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_features")),
        sa.UniqueConstraint("code", name=op.f("uq_features_code")),
    )
    op.create_index(op.f("ix_features_practice"), "features", ["practice"], unique=False)
    op.create_table(
        "indicators",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("practice", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("numerator", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("denominator", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("exclusions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("period", sa.Text(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indicators")),
        sa.UniqueConstraint("code", name=op.f("uq_indicators_code")),
    )
    op.create_index(op.f("ix_indicators_practice"), "indicators", ["practice"], unique=False)
    op.create_table(
        "schemes",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("practice", sa.Text(), nullable=False),
        sa.Column(
            "scheme_kind",
            sa.Enum(
                "GOALS",
                "STANDARD",
                "CAMPAIGN",
                "MILESTONES",
                "POLICY",
                "EXAMPLES",
                "PROGRAMME",
                "DRIVES",
                "AWARDS",
                "CATEGORIES",
                "COLOURS",
                "DOCUMENTS",
                "DATASETS",
                "GAPS",
                "PATHS",
                "STYLES",
                "ROLES",
                "PLACES",
                "OTHER",
                name="schemekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schemes")),
        sa.UniqueConstraint("code", name=op.f("uq_schemes_code")),
    )
    op.create_index(op.f("ix_schemes_practice"), "schemes", ["practice"], unique=False)
    op.create_table(
        "workflows",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("practice", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "subject",
            sa.Enum(
                "REQUEST",
                "PERSON",
                "SERVICE",
                "TOPIC",
                "OTHER",
                name="workflowsubject",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflows")),
        sa.UniqueConstraint("code", name=op.f("uq_workflows_code")),
    )
    op.create_index(op.f("ix_workflows_practice"), "workflows", ["practice"], unique=False)
    op.create_table(
        "escalations",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column(
            "rung",
            sa.Enum("URGE", "SUPERVISE", "ESCALATE", name="rung", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["workflow_id"], ["workflows.id"], name=op.f("fk_escalations_workflow_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalations")),
        sa.UniqueConstraint("code", name=op.f("uq_escalations_code")),
    )
    op.create_index(op.f("ix_escalations_workflow_id"), "escalations", ["workflow_id"], unique=False)
    op.create_table(
        "figures",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("feature_id", sa.Uuid(), nullable=False),
        sa.Column("practice", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column(
            "qualifier",
            sa.Enum(
                "EXACT",
                "AT_LEAST",
                "OVER",
                "NEARLY",
                "PERCENT",
                name="qualifier",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["feature_id"], ["features.id"], name=op.f("fk_figures_feature_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figures")),
        sa.UniqueConstraint("code", name=op.f("uq_figures_code")),
    )
    op.create_index(op.f("ix_figures_feature_id"), "figures", ["feature_id"], unique=False)
    op.create_index(op.f("ix_figures_practice"), "figures", ["practice"], unique=False)
    op.create_table(
        "practices",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_practices_grid_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practices")),
        sa.UniqueConstraint("code", name=op.f("uq_practices_code")),
    )
    op.create_index(op.f("ix_practices_grid_id"), "practices", ["grid_id"], unique=False)
    op.create_table(
        "scheme_items",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["scheme_id"], ["schemes.id"], name=op.f("fk_scheme_items_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheme_items")),
        sa.UniqueConstraint("code", name=op.f("uq_scheme_items_code")),
    )
    op.create_index(op.f("ix_scheme_items_scheme_id"), "scheme_items", ["scheme_id"], unique=False)
    op.create_table(
        "workflow_steps",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "phase",
            sa.Enum(
                "INTAKE",
                "TRIAGE",
                "DISPATCH",
                "ACCEPT",
                "HANDLE",
                "SUPERVISE",
                "FEEDBACK",
                "EVALUATE",
                "PUBLISH",
                "ASSESS",
                name="phase",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("actions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("taken_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("leads_to", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["workflow_id"], ["workflows.id"], name=op.f("fk_workflow_steps_workflow_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_steps")),
        sa.UniqueConstraint("code", name=op.f("uq_workflow_steps_code")),
    )
    op.create_index(op.f("ix_workflow_steps_workflow_id"), "workflow_steps", ["workflow_id"], unique=False)
    op.create_table(
        "procedures",
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("step_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_procedures_grid_id")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_procedures_party_id")),
        sa.ForeignKeyConstraint(["step_id"], ["workflow_steps.id"], name=op.f("fk_procedures_step_id")),
        sa.ForeignKeyConstraint(["workflow_id"], ["workflows.id"], name=op.f("fk_procedures_workflow_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedures")),
    )
    op.create_index(op.f("ix_procedures_grid_id"), "procedures", ["grid_id"], unique=False)
    op.create_index(op.f("ix_procedures_grid_path"), "procedures", ["grid_path"], unique=False)
    op.create_index(op.f("ix_procedures_party_id"), "procedures", ["party_id"], unique=False)
    op.create_index(op.f("ix_procedures_step_id"), "procedures", ["step_id"], unique=False)
    op.create_index(op.f("ix_procedures_workflow_id"), "procedures", ["workflow_id"], unique=False)
    op.create_table(
        "procedure_steps",
        sa.Column("procedure_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("step_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["parties.id"], name=op.f("fk_procedure_steps_actor_id")),
        sa.ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name=op.f("fk_procedure_steps_procedure_id")),
        sa.ForeignKeyConstraint(["step_id"], ["workflow_steps.id"], name=op.f("fk_procedure_steps_step_id")),
        sa.PrimaryKeyConstraint("procedure_id", "id", name=op.f("pk_procedure_steps")),
    )
    op.create_index(
        op.f("ix_procedure_steps_actor_id"),
        "procedure_steps",
        ["actor_id"],
        unique=False,
        postgresql_where=sa.text("actor_id IS NOT NULL"),
    )
    op.add_column("request_events", sa.Column("step_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_request_events_step_id"), "request_events", "workflow_steps", ["step_id"], ["id"])
    op.add_column("requests", sa.Column("workflow_id", sa.Uuid(), nullable=True))
    op.add_column("requests", sa.Column("step_id", sa.Uuid(), nullable=True))
    op.create_index(
        op.f("ix_requests_step_id"),
        "requests",
        ["step_id"],
        unique=False,
        postgresql_where=sa.text("step_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_requests_workflow_id"),
        "requests",
        ["workflow_id"],
        unique=False,
        postgresql_where=sa.text("workflow_id IS NOT NULL"),
    )
    op.create_foreign_key(op.f("fk_requests_workflow_id"), "requests", "workflows", ["workflow_id"], ["id"])
    op.create_foreign_key(op.f("fk_requests_step_id"), "requests", "workflow_steps", ["step_id"], ["id"])


def downgrade() -> None:
    op.drop_constraint(op.f("fk_requests_step_id"), "requests", type_="foreignkey")
    op.drop_constraint(op.f("fk_requests_workflow_id"), "requests", type_="foreignkey")
    op.drop_index(
        op.f("ix_requests_workflow_id"), table_name="requests", postgresql_where=sa.text("workflow_id IS NOT NULL")
    )
    op.drop_index(op.f("ix_requests_step_id"), table_name="requests", postgresql_where=sa.text("step_id IS NOT NULL"))
    op.drop_column("requests", "step_id")
    op.drop_column("requests", "workflow_id")
    op.drop_constraint(op.f("fk_request_events_step_id"), "request_events", type_="foreignkey")
    op.drop_column("request_events", "step_id")
    op.drop_index(
        op.f("ix_procedure_steps_actor_id"),
        table_name="procedure_steps",
        postgresql_where=sa.text("actor_id IS NOT NULL"),
    )
    op.drop_table("procedure_steps")
    op.drop_index(op.f("ix_procedures_workflow_id"), table_name="procedures")
    op.drop_index(op.f("ix_procedures_step_id"), table_name="procedures")
    op.drop_index(op.f("ix_procedures_party_id"), table_name="procedures")
    op.drop_index(op.f("ix_procedures_grid_path"), table_name="procedures")
    op.drop_index(op.f("ix_procedures_grid_id"), table_name="procedures")
    op.drop_table("procedures")
    op.drop_index(op.f("ix_workflow_steps_workflow_id"), table_name="workflow_steps")
    op.drop_table("workflow_steps")
    op.drop_index(op.f("ix_scheme_items_scheme_id"), table_name="scheme_items")
    op.drop_table("scheme_items")
    op.drop_index(op.f("ix_practices_grid_id"), table_name="practices")
    op.drop_table("practices")
    op.drop_index(op.f("ix_figures_practice"), table_name="figures")
    op.drop_index(op.f("ix_figures_feature_id"), table_name="figures")
    op.drop_table("figures")
    op.drop_index(op.f("ix_escalations_workflow_id"), table_name="escalations")
    op.drop_table("escalations")
    op.drop_index(op.f("ix_workflows_practice"), table_name="workflows")
    op.drop_table("workflows")
    op.drop_index(op.f("ix_schemes_practice"), table_name="schemes")
    op.drop_table("schemes")
    op.drop_index(op.f("ix_indicators_practice"), table_name="indicators")
    op.drop_table("indicators")
    op.drop_index(op.f("ix_features_practice"), table_name="features")
    op.drop_table("features")
