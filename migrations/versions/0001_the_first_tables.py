"""the first tables"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "position", sa.BigInteger(), server_default=sa.text("(pg_current_xact_id()::text)::bigint"), nullable=False
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "CREATED",
                "UPDATED",
                "CLOSED",
                "DELETED",
                name="changekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("patch", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reverse", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )
    op.create_index(op.f("ix_changes_entity_id"), "changes", ["entity_id"], unique=False)
    op.create_index(op.f("ix_changes_position_id"), "changes", ["position", "id"], unique=False)
    op.create_index(
        op.f("ix_changes_subject_id"),
        "changes",
        ["subject_id"],
        unique=False,
        postgresql_where=sa.text("subject_id IS NOT NULL"),
    )
    op.create_table(
        "grids",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "PROVINCE",
                "CITY",
                "DISTRICT",
                "STREET",
                "TOWN",
                "COMMUNITY",
                "VILLAGE",
                "ESTATE",
                "BUILDING",
                name="gridlevel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.Column("jurisdiction_id", sa.Uuid(), nullable=True),
        sa.Column("leader_id", sa.Uuid(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["jurisdiction_id"], ["grids.id"], name=op.f("fk_grids_jurisdiction_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["grids.id"], name=op.f("fk_grids_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grids")),
        sa.UniqueConstraint("code", name=op.f("uq_grids_code")),
        sa.UniqueConstraint("path", name=op.f("uq_grids_path")),
    )
    op.create_index(
        op.f("ix_grids_jurisdiction_id"),
        "grids",
        ["jurisdiction_id"],
        unique=False,
        postgresql_where=sa.text("jurisdiction_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_grids_leader_id"),
        "grids",
        ["leader_id"],
        unique=False,
        postgresql_where=sa.text("leader_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_grids_parent_id"), "grids", ["parent_id"], unique=False)
    op.create_table(
        "identities",
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
    )
    op.create_index(op.f("ix_identities_request_id"), "identities", ["request_id"], unique=False)
    op.create_table(
        "links",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("key", "source_id", "kind", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_entity_id"), "links", ["entity_id"], unique=False)
    op.create_table(
        "sources",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("name", name=op.f("uq_sources_name")),
    )
    op.create_table(
        "alt_codes",
        sa.Column("grid_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_alt_codes_grid_id")),
        sa.PrimaryKeyConstraint("grid_id", "scheme", "code", name=op.f("pk_alt_codes")),
        sa.UniqueConstraint("scheme", "code", name=op.f("uq_alt_codes_scheme_code")),
    )
    op.create_table(
        "parties",
        sa.Column(
            "type",
            sa.Enum("ORGANIZATION", "PERSON", name="partytype", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column(
            "organization_kind",
            sa.Enum(
                "PARTY_COMMITTEE",
                "GENERAL_BRANCH",
                "BRANCH",
                "BUILDING_GROUP",
                "UNIT",
                "DEPARTMENT",
                "ENTERPRISE",
                "MERCHANT",
                "PROPERTY_COMPANY",
                "OWNERS_COMMITTEE",
                "RESIDENTS_COMMITTEE",
                "VOLUNTEER_TEAM",
                "SERVICE_CORPS",
                "SOCIAL_ORGANIZATION",
                "OTHER",
                name="organizationkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "type = 'PERSON' OR organization_kind IS NOT NULL", name=op.f("ck_parties_organization_has_kind")
        ),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_parties_grid_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["parties.id"], name=op.f("fk_parties_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parties")),
        sa.UniqueConstraint("code", name=op.f("uq_parties_code")),
    )
    op.create_index(op.f("ix_parties_grid_id"), "parties", ["grid_id"], unique=False)
    op.create_index(op.f("ix_parties_grid_path"), "parties", ["grid_path"], unique=False)
    op.create_index(op.f("ix_parties_parent_id"), "parties", ["parent_id"], unique=False)
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
    op.create_table(
        "runs",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum("APPLY", "PLAN", name="runmode", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "RUNNING",
                "PLANNED",
                "DONE",
                "FAILED",
                "CANCELLED",
                name="runstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("alive_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_runs_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index(op.f("ix_runs_source_id"), "runs", ["source_id"], unique=False)
    op.create_table(
        "alliances",
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "alliance_kind",
            sa.Enum(
                "BIG_PARTY_COMMITTEE",
                "MERCHANTS",
                "RED_PROPERTY",
                "RED_BUSINESS",
                "JOINT_BUILDING",
                "DISTRICT",
                "OTHER",
                name="alliancekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("pillars", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_alliances_grid_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["parties.id"], name=op.f("fk_alliances_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alliances")),
        sa.UniqueConstraint("code", name=op.f("uq_alliances_code")),
    )
    op.create_index(op.f("ix_alliances_grid_id"), "alliances", ["grid_id"], unique=False)
    op.create_index(op.f("ix_alliances_grid_path"), "alliances", ["grid_path"], unique=False)
    op.create_index(op.f("ix_alliances_lead_id"), "alliances", ["lead_id"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_api_keys_grid_id")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_api_keys_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
    )
    op.create_index(op.f("ix_api_keys_grid_id"), "api_keys", ["grid_id"], unique=False)
    op.create_index(op.f("ix_api_keys_party_id"), "api_keys", ["party_id"], unique=False)
    op.create_table(
        "landings",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("received", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_landings_run_id")),
        sa.PrimaryKeyConstraint("run_id", "page", name=op.f("pk_landings")),
    )
    op.create_table(
        "needs",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=False),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=False),
        sa.Column("raised_by_id", sa.Uuid(), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_needs_grid_id")),
        sa.ForeignKeyConstraint(["raised_by_id"], ["parties.id"], name=op.f("fk_needs_raised_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_needs")),
    )
    op.create_index(op.f("ix_needs_grid_id"), "needs", ["grid_id"], unique=False)
    op.create_index(op.f("ix_needs_grid_path"), "needs", ["grid_path"], unique=False)
    op.create_index(op.f("ix_needs_raised_by_id"), "needs", ["raised_by_id"], unique=False)
    op.create_table(
        "plan_rows",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "action",
            sa.Enum(
                "CREATE",
                "UPDATE",
                "CLOSE",
                "REJECT",
                name="planaction",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=True),
        sa.Column("old", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("new", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("private", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_plan_rows_run_id")),
        sa.PrimaryKeyConstraint("run_id", "id", name=op.f("pk_plan_rows")),
    )
    op.create_table(
        "posts",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "GRID_LEADER",
                "GRID_WORKER",
                "STEWARD",
                "SPECIALIST",
                "SECRETARY",
                "MEMBER",
                "MEMBER_HOUSEHOLD",
                "VOLUNTEER",
                "POLICE",
                "LAWYER",
                "STAFF",
                "OTHER",
                name="postrole",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_posts_grid_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["parties.id"], name=op.f("fk_posts_organization_id")),
        sa.ForeignKeyConstraint(["person_id"], ["parties.id"], name=op.f("fk_posts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
    )
    op.create_index(op.f("ix_posts_grid_id"), "posts", ["grid_id"], unique=False)
    op.create_index(op.f("ix_posts_grid_path"), "posts", ["grid_path"], unique=False)
    op.create_index(op.f("ix_posts_organization_id"), "posts", ["organization_id"], unique=False)
    op.create_index(op.f("ix_posts_person_id"), "posts", ["person_id"], unique=False)
    op.create_table(
        "rejected",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "OPEN",
                "REPLAYED",
                "IGNORED",
                name="rejectedstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("where", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("record", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_rejected_run_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_rejected_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejected")),
    )
    op.create_index(op.f("ix_rejected_run_id"), "rejected", ["run_id"], unique=False)
    op.create_index(op.f("ix_rejected_source_id"), "rejected", ["source_id"], unique=False)
    op.create_index(op.f("ix_rejected_source_id_kind_key"), "rejected", ["source_id", "kind", "key"], unique=False)
    op.create_table(
        "report_ins",
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=False),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offer", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_report_ins_grid_id")),
        sa.ForeignKeyConstraint(["host_id"], ["parties.id"], name=op.f("fk_report_ins_host_id")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_report_ins_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_ins")),
    )
    op.create_index(op.f("ix_report_ins_grid_id"), "report_ins", ["grid_id"], unique=False)
    op.create_index(op.f("ix_report_ins_grid_path"), "report_ins", ["grid_path"], unique=False)
    op.create_index(op.f("ix_report_ins_host_id"), "report_ins", ["host_id"], unique=False)
    op.create_index(op.f("ix_report_ins_party_id"), "report_ins", ["party_id"], unique=False)
    op.create_table(
        "requests",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "CONSULTATION",
                "HELP",
                "COMPLAINT",
                "REPORT",
                "SUGGESTION",
                "PRAISE",
                "APPEAL",
                "WISH",
                "EVENT",
                "OTHER",
                name="requestkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "channel",
            sa.Enum(
                "HOTLINE_12345",
                "HOTLINE_12319",
                "MINI_APP",
                "QR_CODE",
                "VISIT",
                "GRID_WORKER",
                "STATION",
                "SENSOR",
                "WEB",
                "OTHER",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "DRAFT",
                "RECEIVED",
                "NEEDS_INFO",
                "REJECTED_SCOPE",
                "TRIAGED",
                "DISPATCHED",
                "SIGNED",
                "RETURN_REQUESTED",
                "RETURNED",
                "IN_PROGRESS",
                "EXTENSION_REQUESTED",
                "HANDLED",
                "VERIFIED",
                "CALLBACK",
                "REWORK",
                "MERGED",
                "CLOSED",
                "ARCHIVED",
                name="requeststatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "level",
            sa.Enum(
                "ESTATE",
                "COMMUNITY",
                "STREET",
                "DISTRICT",
                name="requestlevel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "urgency",
            sa.Enum("NORMAL", "URGENT", name="urgency", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("submitter_id", sa.Uuid(), nullable=True),
        sa.Column("caller_id", sa.Uuid(), nullable=True),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column(
            "satisfaction",
            sa.Enum(
                "VERY_SATISFIED",
                "SATISFIED",
                "UNDERSTANDING",
                "DISSATISFIED",
                name="satisfaction",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("supervised", sa.Boolean(), nullable=False),
        sa.Column("urged", sa.Integer(), nullable=False),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["assignee_id"], ["parties.id"], name=op.f("fk_requests_assignee_id")),
        sa.ForeignKeyConstraint(["caller_id"], ["identities.id"], name=op.f("fk_requests_caller_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_requests_grid_id")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["requests.id"], name=op.f("fk_requests_merged_into_id")),
        sa.ForeignKeyConstraint(["submitter_id"], ["parties.id"], name=op.f("fk_requests_submitter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("number", name=op.f("uq_requests_number")),
    )
    op.create_index(op.f("ix_requests_assignee_id"), "requests", ["assignee_id"], unique=False)
    op.create_index(op.f("ix_requests_caller_id"), "requests", ["caller_id"], unique=False)
    op.create_index(
        op.f("ix_requests_due_at"), "requests", ["due_at"], unique=False, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_index(op.f("ix_requests_grid_id"), "requests", ["grid_id"], unique=False)
    op.create_index(
        op.f("ix_requests_grid_path_submitted_at_id"), "requests", ["grid_path", "submitted_at", "id"], unique=False
    )
    op.create_index(op.f("ix_requests_merged_into_id"), "requests", ["merged_into_id"], unique=False)
    op.create_index(
        "ix_requests_open",
        "requests",
        ["grid_id", "submitted_at", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(op.f("ix_requests_submitted_at_id"), "requests", ["submitted_at", "id"], unique=False)
    op.create_index(op.f("ix_requests_submitter_id"), "requests", ["submitter_id"], unique=False)
    op.create_table(
        "resources",
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "resource_kind",
            sa.Enum(
                "VENUE",
                "EQUIPMENT",
                "SERVICE",
                "PERSONNEL",
                "FUNDS",
                "INFORMATION",
                "OTHER",
                name="resourcekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_resources_grid_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["parties.id"], name=op.f("fk_resources_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resources")),
        sa.UniqueConstraint("code", name=op.f("uq_resources_code")),
    )
    op.create_index(op.f("ix_resources_grid_id"), "resources", ["grid_id"], unique=False)
    op.create_index(op.f("ix_resources_grid_path"), "resources", ["grid_path"], unique=False)
    op.create_index(op.f("ix_resources_owner_id"), "resources", ["owner_id"], unique=False)
    op.create_table(
        "stations",
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "tier",
            sa.Enum(
                "CENTRE",
                "COMMUNITY",
                "GRID",
                "ESTATE",
                name="stationtier",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("operator_id", sa.Uuid(), nullable=True),
        sa.Column("centre_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("area", sa.Double(), nullable=True),
        sa.Column("opening_hours", sa.Text(), nullable=True),
        sa.Column("functions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("facilities", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["stations.id"], name=op.f("fk_stations_centre_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_stations_grid_id")),
        sa.ForeignKeyConstraint(["operator_id"], ["parties.id"], name=op.f("fk_stations_operator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stations")),
        sa.UniqueConstraint("code", name=op.f("uq_stations_code")),
    )
    op.create_index(op.f("ix_stations_centre_id"), "stations", ["centre_id"], unique=False)
    op.create_index(op.f("ix_stations_grid_id"), "stations", ["grid_id"], unique=False)
    op.create_index(op.f("ix_stations_grid_path"), "stations", ["grid_path"], unique=False)
    op.create_index(op.f("ix_stations_operator_id"), "stations", ["operator_id"], unique=False)
    op.create_table(
        "activities",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("organizer_id", sa.Uuid(), nullable=True),
        sa.Column("station_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attendance", sa.Integer(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_activities_grid_id")),
        sa.ForeignKeyConstraint(["organizer_id"], ["parties.id"], name=op.f("fk_activities_organizer_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_activities_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
    )
    op.create_index(op.f("ix_activities_grid_id"), "activities", ["grid_id"], unique=False)
    op.create_index(op.f("ix_activities_grid_path"), "activities", ["grid_path"], unique=False)
    op.create_index(op.f("ix_activities_organizer_id"), "activities", ["organizer_id"], unique=False)
    op.create_index(op.f("ix_activities_station_id"), "activities", ["station_id"], unique=False)
    op.create_table(
        "agreements",
        sa.Column("alliance_id", sa.Uuid(), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column(
            "agreement_kind",
            sa.Enum(
                "CO_BUILD",
                "CONTRACT",
                "OTHER",
                name="agreementkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("services", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["alliance_id"], ["alliances.id"], name=op.f("fk_agreements_alliance_id")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_agreements_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
    )
    op.create_index(op.f("ix_agreements_alliance_id"), "agreements", ["alliance_id"], unique=False)
    op.create_index(op.f("ix_agreements_party_id"), "agreements", ["party_id"], unique=False)
    op.create_table(
        "attachments",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["parties.id"], name=op.f("fk_attachments_by_id")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_attachments_request_id")),
        sa.PrimaryKeyConstraint("request_id", "id", name=op.f("pk_attachments")),
    )
    op.create_index(op.f("ix_attachments_by_id"), "attachments", ["by_id"], unique=False)
    op.create_table(
        "co_handlers",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("responded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_co_handlers_party_id")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_co_handlers_request_id")),
        sa.PrimaryKeyConstraint("request_id", "id", name=op.f("pk_co_handlers")),
    )
    op.create_index(op.f("ix_co_handlers_party_id"), "co_handlers", ["party_id"], unique=False)
    op.create_table(
        "evaluations",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column(
            "satisfaction",
            sa.Enum(
                "VERY_SATISFIED",
                "SATISFIED",
                "UNDERSTANDING",
                "DISSATISFIED",
                name="satisfaction",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["parties.id"], name=op.f("fk_evaluations_by_id")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_evaluations_request_id")),
        sa.PrimaryKeyConstraint("request_id", "id", name=op.f("pk_evaluations")),
    )
    op.create_index(op.f("ix_evaluations_by_id"), "evaluations", ["by_id"], unique=False)
    op.create_table(
        "meetings",
        sa.Column("alliance_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("minutes", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["alliance_id"], ["alliances.id"], name=op.f("fk_meetings_alliance_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_meetings_grid_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meetings")),
    )
    op.create_index(op.f("ix_meetings_alliance_id"), "meetings", ["alliance_id"], unique=False)
    op.create_index(op.f("ix_meetings_grid_id"), "meetings", ["grid_id"], unique=False)
    op.create_table(
        "members",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("joined_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["alliance_id"], ["alliances.id"], name=op.f("fk_members_alliance_id")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_members_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("alliance_id", "party_id", name=op.f("uq_members_alliance_id_party_id")),
    )
    op.create_index(op.f("ix_members_alliance_id"), "members", ["alliance_id"], unique=False)
    op.create_index(op.f("ix_members_party_id"), "members", ["party_id"], unique=False)
    op.create_table(
        "offers",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=True),
        sa.Column("station_id", sa.Uuid(), nullable=True),
        sa.Column("beneficiaries", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["provider_id"], ["parties.id"], name=op.f("fk_offers_provider_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_offers_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
    )
    op.create_index(op.f("ix_offers_provider_id"), "offers", ["provider_id"], unique=False)
    op.create_index(op.f("ix_offers_station_id"), "offers", ["station_id"], unique=False)
    op.create_table(
        "projects",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("need_id", sa.Uuid(), nullable=True),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_projects_grid_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_projects_need_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["parties.id"], name=op.f("fk_projects_owner_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resources.id"], name=op.f("fk_projects_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
    )
    op.create_index(op.f("ix_projects_grid_id"), "projects", ["grid_id"], unique=False)
    op.create_index(op.f("ix_projects_grid_path"), "projects", ["grid_path"], unique=False)
    op.create_index(op.f("ix_projects_need_id"), "projects", ["need_id"], unique=False)
    op.create_index(op.f("ix_projects_owner_id"), "projects", ["owner_id"], unique=False)
    op.create_index(op.f("ix_projects_resource_id"), "projects", ["resource_id"], unique=False)
    op.create_table(
        "request_events",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "action",
            sa.Enum(
                "SUBMIT",
                "SYNC",
                "ASK_INFO",
                "ADD_INFO",
                "REJECT_SCOPE",
                "TRIAGE",
                "DISPATCH",
                "SIGN",
                "ACCEPT",
                "JOIN",
                "RESPOND",
                "ASK_RETURN",
                "GRANT_RETURN",
                "REFUSE_RETURN",
                "ASK_EXTENSION",
                "GRANT_EXTENSION",
                "REFUSE_EXTENSION",
                "HANDLE",
                "VERIFY",
                "REWORK",
                "FEED_BACK",
                "EVALUATE",
                "PUBLISH",
                "UNPUBLISH",
                "CLOSE",
                "REOPEN",
                "ARCHIVE",
                "ESCALATE",
                "MERGE",
                "UNMERGE",
                "ATTACH",
                "SUPERVISE",
                "RELEASE",
                "URGE",
                name="requestaction",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "DRAFT",
                "RECEIVED",
                "NEEDS_INFO",
                "REJECTED_SCOPE",
                "TRIAGED",
                "DISPATCHED",
                "SIGNED",
                "RETURN_REQUESTED",
                "RETURNED",
                "IN_PROGRESS",
                "EXTENSION_REQUESTED",
                "HANDLED",
                "VERIFIED",
                "CALLBACK",
                "REWORK",
                "MERGED",
                "CLOSED",
                "ARCHIVED",
                name="requeststatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["parties.id"], name=op.f("fk_request_events_actor_id")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_request_events_party_id")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_request_events_request_id")),
        sa.PrimaryKeyConstraint("request_id", "id", name=op.f("pk_request_events")),
    )
    op.create_index(op.f("ix_request_events_actor_id"), "request_events", ["actor_id"], unique=False)
    op.create_index(op.f("ix_request_events_party_id"), "request_events", ["party_id"], unique=False)
    op.create_table(
        "request_issues",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_request_issues_request_id")),
        sa.PrimaryKeyConstraint("request_id", "id", name=op.f("pk_request_issues")),
    )
    op.create_table(
        "rotas",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_rotas_grid_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_rotas_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rotas")),
    )
    op.create_index(op.f("ix_rotas_grid_id"), "rotas", ["grid_id"], unique=False)
    op.create_index(op.f("ix_rotas_station_id"), "rotas", ["station_id"], unique=False)
    op.create_table(
        "service_items",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=True),
        sa.Column("provider_id", sa.Uuid(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("sunk", sa.Boolean(), nullable=False),
        sa.Column("extended", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["provider_id"], ["parties.id"], name=op.f("fk_service_items_provider_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_service_items_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_items")),
    )
    op.create_index(op.f("ix_service_items_provider_id"), "service_items", ["provider_id"], unique=False)
    op.create_index(op.f("ix_service_items_station_id"), "service_items", ["station_id"], unique=False)
    op.create_table(
        "claims",
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("(request_id IS NULL) <> (project_id IS NULL)", name=op.f("ck_claims_claims_one_thing")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_claims_party_id")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_claims_project_id")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_claims_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
    )
    op.create_index(op.f("ix_claims_party_id"), "claims", ["party_id"], unique=False)
    op.create_index(op.f("ix_claims_project_id"), "claims", ["project_id"], unique=False)
    op.create_index(op.f("ix_claims_request_id"), "claims", ["request_id"], unique=False)
    op.create_table(
        "resolutions",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meetings.id"], name=op.f("fk_resolutions_meeting_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["parties.id"], name=op.f("fk_resolutions_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resolutions")),
    )
    op.create_index(op.f("ix_resolutions_meeting_id"), "resolutions", ["meeting_id"], unique=False)
    op.create_index(op.f("ix_resolutions_owner_id"), "resolutions", ["owner_id"], unique=False)
    op.create_table(
        "service_records",
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("activity_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hours", sa.Double(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activities.id"], name=op.f("fk_service_records_activity_id")),
        sa.ForeignKeyConstraint(["person_id"], ["parties.id"], name=op.f("fk_service_records_person_id")),
        sa.ForeignKeyConstraint(["team_id"], ["parties.id"], name=op.f("fk_service_records_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_records")),
    )
    op.create_index(op.f("ix_service_records_activity_id"), "service_records", ["activity_id"], unique=False)
    op.create_index(op.f("ix_service_records_person_id"), "service_records", ["person_id"], unique=False)
    op.create_index(op.f("ix_service_records_team_id"), "service_records", ["team_id"], unique=False)
    op.create_table(
        "shifts",
        sa.Column("rota_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["parties.id"], name=op.f("fk_shifts_person_id")),
        sa.ForeignKeyConstraint(["rota_id"], ["rotas.id"], name=op.f("fk_shifts_rota_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
    )
    op.create_index(op.f("ix_shifts_person_id"), "shifts", ["person_id"], unique=False)
    op.create_index(op.f("ix_shifts_rota_id"), "shifts", ["rota_id"], unique=False)
    op.create_foreign_key(op.f("fk_grids_leader_id"), "grids", "parties", ["leader_id"], ["id"])  # a circle: made last


def downgrade() -> None:
    op.drop_constraint(op.f("fk_grids_leader_id"), "grids", type_="foreignkey")
    op.drop_index(op.f("ix_shifts_rota_id"), table_name="shifts")
    op.drop_index(op.f("ix_shifts_person_id"), table_name="shifts")
    op.drop_table("shifts")
    op.drop_index(op.f("ix_service_records_team_id"), table_name="service_records")
    op.drop_index(op.f("ix_service_records_person_id"), table_name="service_records")
    op.drop_index(op.f("ix_service_records_activity_id"), table_name="service_records")
    op.drop_table("service_records")
    op.drop_index(op.f("ix_resolutions_owner_id"), table_name="resolutions")
    op.drop_index(op.f("ix_resolutions_meeting_id"), table_name="resolutions")
    op.drop_table("resolutions")
    op.drop_index(op.f("ix_claims_request_id"), table_name="claims")
    op.drop_index(op.f("ix_claims_project_id"), table_name="claims")
    op.drop_index(op.f("ix_claims_party_id"), table_name="claims")
    op.drop_table("claims")
    op.drop_index(op.f("ix_service_items_station_id"), table_name="service_items")
    op.drop_index(op.f("ix_service_items_provider_id"), table_name="service_items")
    op.drop_table("service_items")
    op.drop_index(op.f("ix_rotas_station_id"), table_name="rotas")
    op.drop_index(op.f("ix_rotas_grid_id"), table_name="rotas")
    op.drop_table("rotas")
    op.drop_table("request_issues")
    op.drop_index(op.f("ix_request_events_party_id"), table_name="request_events")
    op.drop_index(op.f("ix_request_events_actor_id"), table_name="request_events")
    op.drop_table("request_events")
    op.drop_index(op.f("ix_projects_resource_id"), table_name="projects")
    op.drop_index(op.f("ix_projects_owner_id"), table_name="projects")
    op.drop_index(op.f("ix_projects_need_id"), table_name="projects")
    op.drop_index(op.f("ix_projects_grid_path"), table_name="projects")
    op.drop_index(op.f("ix_projects_grid_id"), table_name="projects")
    op.drop_table("projects")
    op.drop_index(op.f("ix_offers_station_id"), table_name="offers")
    op.drop_index(op.f("ix_offers_provider_id"), table_name="offers")
    op.drop_table("offers")
    op.drop_index(op.f("ix_members_party_id"), table_name="members")
    op.drop_index(op.f("ix_members_alliance_id"), table_name="members")
    op.drop_table("members")
    op.drop_index(op.f("ix_meetings_grid_id"), table_name="meetings")
    op.drop_index(op.f("ix_meetings_alliance_id"), table_name="meetings")
    op.drop_table("meetings")
    op.drop_index(op.f("ix_evaluations_by_id"), table_name="evaluations")
    op.drop_table("evaluations")
    op.drop_index(op.f("ix_co_handlers_party_id"), table_name="co_handlers")
    op.drop_table("co_handlers")
    op.drop_index(op.f("ix_attachments_by_id"), table_name="attachments")
    op.drop_table("attachments")
    op.drop_index(op.f("ix_agreements_party_id"), table_name="agreements")
    op.drop_index(op.f("ix_agreements_alliance_id"), table_name="agreements")
    op.drop_table("agreements")
    op.drop_index(op.f("ix_activities_station_id"), table_name="activities")
    op.drop_index(op.f("ix_activities_organizer_id"), table_name="activities")
    op.drop_index(op.f("ix_activities_grid_path"), table_name="activities")
    op.drop_index(op.f("ix_activities_grid_id"), table_name="activities")
    op.drop_table("activities")
    op.drop_index(op.f("ix_stations_operator_id"), table_name="stations")
    op.drop_index(op.f("ix_stations_grid_path"), table_name="stations")
    op.drop_index(op.f("ix_stations_grid_id"), table_name="stations")
    op.drop_index(op.f("ix_stations_centre_id"), table_name="stations")
    op.drop_table("stations")
    op.drop_index(op.f("ix_resources_owner_id"), table_name="resources")
    op.drop_index(op.f("ix_resources_grid_path"), table_name="resources")
    op.drop_index(op.f("ix_resources_grid_id"), table_name="resources")
    op.drop_table("resources")
    op.drop_index(op.f("ix_requests_submitter_id"), table_name="requests")
    op.drop_index(op.f("ix_requests_submitted_at_id"), table_name="requests")
    op.drop_index("ix_requests_open", table_name="requests", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index(op.f("ix_requests_merged_into_id"), table_name="requests")
    op.drop_index(op.f("ix_requests_grid_path_submitted_at_id"), table_name="requests")
    op.drop_index(op.f("ix_requests_grid_id"), table_name="requests")
    op.drop_index(op.f("ix_requests_due_at"), table_name="requests", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index(op.f("ix_requests_caller_id"), table_name="requests")
    op.drop_index(op.f("ix_requests_assignee_id"), table_name="requests")
    op.drop_table("requests")
    op.drop_index(op.f("ix_report_ins_party_id"), table_name="report_ins")
    op.drop_index(op.f("ix_report_ins_host_id"), table_name="report_ins")
    op.drop_index(op.f("ix_report_ins_grid_path"), table_name="report_ins")
    op.drop_index(op.f("ix_report_ins_grid_id"), table_name="report_ins")
    op.drop_table("report_ins")
    op.drop_index(op.f("ix_rejected_source_id_kind_key"), table_name="rejected")
    op.drop_index(op.f("ix_rejected_source_id"), table_name="rejected")
    op.drop_index(op.f("ix_rejected_run_id"), table_name="rejected")
    op.drop_table("rejected")
    op.drop_index(op.f("ix_posts_person_id"), table_name="posts")
    op.drop_index(op.f("ix_posts_organization_id"), table_name="posts")
    op.drop_index(op.f("ix_posts_grid_path"), table_name="posts")
    op.drop_index(op.f("ix_posts_grid_id"), table_name="posts")
    op.drop_table("posts")
    op.drop_table("plan_rows")
    op.drop_index(op.f("ix_needs_raised_by_id"), table_name="needs")
    op.drop_index(op.f("ix_needs_grid_path"), table_name="needs")
    op.drop_index(op.f("ix_needs_grid_id"), table_name="needs")
    op.drop_table("needs")
    op.drop_table("landings")
    op.drop_index(op.f("ix_api_keys_party_id"), table_name="api_keys")
    op.drop_index(op.f("ix_api_keys_grid_id"), table_name="api_keys")
    op.drop_table("api_keys")
    op.drop_index(op.f("ix_alliances_lead_id"), table_name="alliances")
    op.drop_index(op.f("ix_alliances_grid_path"), table_name="alliances")
    op.drop_index(op.f("ix_alliances_grid_id"), table_name="alliances")
    op.drop_table("alliances")
    op.drop_index(op.f("ix_runs_source_id"), table_name="runs")
    op.drop_table("runs")
    op.drop_table("provenances")
    op.drop_index(op.f("ix_parties_parent_id"), table_name="parties")
    op.drop_index(op.f("ix_parties_grid_path"), table_name="parties")
    op.drop_index(op.f("ix_parties_grid_id"), table_name="parties")
    op.drop_table("parties")
    op.drop_table("alt_codes")
    op.drop_table("sources")
    op.drop_index(op.f("ix_links_entity_id"), table_name="links")
    op.drop_table("links")
    op.drop_index(op.f("ix_identities_request_id"), table_name="identities")
    op.drop_table("identities")
    op.drop_index(op.f("ix_grids_parent_id"), table_name="grids")
    op.drop_index(op.f("ix_grids_leader_id"), table_name="grids", postgresql_where=sa.text("leader_id IS NOT NULL"))
    op.drop_index(
        op.f("ix_grids_jurisdiction_id"), table_name="grids", postgresql_where=sa.text("jurisdiction_id IS NOT NULL")
    )
    op.drop_table("grids")
    op.drop_index(
        op.f("ix_changes_subject_id"), table_name="changes", postgresql_where=sa.text("subject_id IS NOT NULL")
    )
    op.drop_index(op.f("ix_changes_position_id"), table_name="changes")
    op.drop_index(op.f("ix_changes_entity_id"), table_name="changes")
    op.drop_table("changes")
