"""time and place: series, deliberation, budgets, notices, versions of services"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("raised", sa.Double(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_budgets_grid_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budgets")),
        sa.UniqueConstraint("code", name=op.f("uq_budgets_code")),
    )
    op.create_index(op.f("ix_budgets_grid_id"), "budgets", ["grid_id"], unique=False)
    op.create_index(op.f("ix_budgets_grid_path"), "budgets", ["grid_path"], unique=False)
    op.create_table(
        "fundings",
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("amount", sa.Double(), nullable=True),
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
            nullable=True,
        ),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_fundings_grid_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fundings")),
        sa.UniqueConstraint("code", name=op.f("uq_fundings_code")),
    )
    op.create_index(op.f("ix_fundings_grid_id"), "fundings", ["grid_id"], unique=False)
    op.create_index(op.f("ix_fundings_grid_path"), "fundings", ["grid_path"], unique=False)
    op.create_table(
        "budget_projects",
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("budget_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("amount", sa.Double(), nullable=True),
        sa.Column("votes", sa.Integer(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["budget_id"], ["budgets.id"], name=op.f("fk_budget_projects_budget_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_projects")),
        sa.UniqueConstraint("code", name=op.f("uq_budget_projects_code")),
    )
    op.create_index(op.f("ix_budget_projects_budget_id"), "budget_projects", ["budget_id"], unique=False)
    op.create_table(
        "public_notices",
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column(
            "notice_kind",
            sa.Enum(
                "SERVICE_ITEMS",
                "SCHEDULE",
                "CONTACTS",
                "RESULT",
                name="noticekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("station_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_public_notices_grid_id")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_public_notices_party_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_public_notices_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_notices")),
        sa.UniqueConstraint("code", name=op.f("uq_public_notices_code")),
    )
    op.create_index(op.f("ix_public_notices_grid_id"), "public_notices", ["grid_id"], unique=False)
    op.create_index(op.f("ix_public_notices_grid_path"), "public_notices", ["grid_path"], unique=False)
    op.create_index(op.f("ix_public_notices_party_id"), "public_notices", ["party_id"], unique=False)
    op.create_index(op.f("ix_public_notices_since"), "public_notices", ["since"], unique=False)
    op.create_index(op.f("ix_public_notices_station_id"), "public_notices", ["station_id"], unique=False)
    op.create_index(op.f("ix_public_notices_until"), "public_notices", ["until"], unique=False)
    op.create_table(
        "qr_points",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=False),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_qr_points_grid_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_qr_points_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qr_points")),
        sa.UniqueConstraint("code", name=op.f("uq_qr_points_code")),
    )
    op.create_index(op.f("ix_qr_points_grid_id"), "qr_points", ["grid_id"], unique=False)
    op.create_index(op.f("ix_qr_points_grid_path"), "qr_points", ["grid_path"], unique=False)
    op.create_index(op.f("ix_qr_points_station_id"), "qr_points", ["station_id"], unique=False)
    op.create_table(
        "series",
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "series_kind",
            sa.Enum("MEETING", "ACTIVITY", name="serieskind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("organizer_id", sa.Uuid(), nullable=True),
        sa.Column("alliance_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("station_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["alliance_id"], ["alliances.id"], name=op.f("fk_series_alliance_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_series_grid_id")),
        sa.ForeignKeyConstraint(["organizer_id"], ["parties.id"], name=op.f("fk_series_organizer_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_series_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("code", name=op.f("uq_series_code")),
    )
    op.create_index(op.f("ix_series_alliance_id"), "series", ["alliance_id"], unique=False)
    op.create_index(op.f("ix_series_grid_id"), "series", ["grid_id"], unique=False)
    op.create_index(op.f("ix_series_grid_path"), "series", ["grid_path"], unique=False)
    op.create_index(op.f("ix_series_organizer_id"), "series", ["organizer_id"], unique=False)
    op.create_index(op.f("ix_series_station_id"), "series", ["station_id"], unique=False)
    op.create_table(
        "outcomes",
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("alliance_id", sa.Uuid(), nullable=True),
        sa.Column("metric", sa.Text(), nullable=False),
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
            nullable=True,
        ),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "agreement_id IS NOT NULL OR alliance_id IS NOT NULL", name=op.f("ck_outcomes_outcomes_of_what")
        ),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreements.id"], name=op.f("fk_outcomes_agreement_id")),
        sa.ForeignKeyConstraint(["alliance_id"], ["alliances.id"], name=op.f("fk_outcomes_alliance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcomes")),
        sa.UniqueConstraint("code", name=op.f("uq_outcomes_code")),
    )
    op.create_index(op.f("ix_outcomes_agreement_id"), "outcomes", ["agreement_id"], unique=False)
    op.create_index(op.f("ix_outcomes_alliance_id"), "outcomes", ["alliance_id"], unique=False)
    op.create_table(
        "topics",
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "VISIT", "ON_SITE", "ONLINE", name="topicchannel", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column(
            "grade",
            sa.Enum("BIG", "KEY", "HARD", name="topicgrade", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "PROPOSED",
                "SCREENED",
                "DELIBERATED",
                "RESOLVED",
                "ESCALATED",
                "DROPPED",
                name="topicstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("meeting_id", sa.Uuid(), nullable=True),
        sa.Column("raised_by_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("review", sa.Text(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_topics_grid_id")),
        sa.ForeignKeyConstraint(["meeting_id"], ["meetings.id"], name=op.f("fk_topics_meeting_id")),
        sa.ForeignKeyConstraint(["raised_by_id"], ["parties.id"], name=op.f("fk_topics_raised_by_id")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_topics_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topics")),
        sa.UniqueConstraint("code", name=op.f("uq_topics_code")),
    )
    op.create_index(op.f("ix_topics_grid_id"), "topics", ["grid_id"], unique=False)
    op.create_index(op.f("ix_topics_grid_path"), "topics", ["grid_path"], unique=False)
    op.create_index(op.f("ix_topics_meeting_id"), "topics", ["meeting_id"], unique=False)
    op.create_index(op.f("ix_topics_raised_by_id"), "topics", ["raised_by_id"], unique=False)
    op.create_index(op.f("ix_topics_request_id"), "topics", ["request_id"], unique=False)
    op.create_table(
        "proposals",
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("topic_id", sa.Uuid(), nullable=True),
        sa.Column(
            "proposal_kind",
            sa.Enum(
                "CPPCC_PROPOSAL",
                "OPINION_BRIEF",
                name="proposalkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("submitted_on", sa.Date(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("replied_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_proposals_grid_id")),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name=op.f("fk_proposals_topic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sa.UniqueConstraint("code", name=op.f("uq_proposals_code")),
    )
    op.create_index(op.f("ix_proposals_grid_id"), "proposals", ["grid_id"], unique=False)
    op.create_index(op.f("ix_proposals_grid_path"), "proposals", ["grid_path"], unique=False)
    op.create_index(op.f("ix_proposals_topic_id"), "proposals", ["topic_id"], unique=False)
    op.add_column("activities", sa.Column("practice", sa.Text(), nullable=True))
    op.add_column("activities", sa.Column("series_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_activities_series_id"), "activities", ["series_id"], unique=False)
    op.create_foreign_key(op.f("fk_activities_series_id"), "activities", "series", ["series_id"], ["id"])
    op.add_column("agreements", sa.Column("code", sa.Text(), nullable=True))
    op.add_column("agreements", sa.Column("practice", sa.Text(), nullable=True))
    op.add_column("agreements", sa.Column("partner_id", sa.Uuid(), nullable=True))
    op.add_column("agreements", sa.Column("grid_id", sa.Uuid(), nullable=True))
    op.add_column("agreements", sa.Column("grid_path", sa.Text(collation="C"), nullable=True))
    op.add_column("agreements", sa.Column("closed_on", sa.Date(), nullable=True))
    op.create_index(op.f("ix_agreements_grid_id"), "agreements", ["grid_id"], unique=False)
    op.create_index(op.f("ix_agreements_grid_path"), "agreements", ["grid_path"], unique=False)
    op.create_index(op.f("ix_agreements_partner_id"), "agreements", ["partner_id"], unique=False)
    op.create_unique_constraint(op.f("uq_agreements_code"), "agreements", ["code"])
    op.create_foreign_key(op.f("fk_agreements_grid_id"), "agreements", "grids", ["grid_id"], ["id"])
    op.create_foreign_key(op.f("fk_agreements_partner_id"), "agreements", "parties", ["partner_id"], ["id"])
    op.add_column(
        "alliances",
        sa.Column("match_basis", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]"),
    )
    op.alter_column("alliances", "match_basis", server_default=None)
    op.add_column("meetings", sa.Column("code", sa.Text(), nullable=True))
    op.add_column("meetings", sa.Column("practice", sa.Text(), nullable=True))
    op.add_column("meetings", sa.Column("grid_path", sa.Text(collation="C"), nullable=True))
    op.add_column(
        "meetings",
        sa.Column(
            "forum",
            sa.Enum(
                "STREET_COUNCIL",
                "COMMUNITY_HALL",
                "ESTATE_BAR",
                "BUILDING_TABLE",
                "DOORSTEP",
                "JOINT_MEETING",
                "OTHER",
                name="forum",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
    )
    op.add_column("meetings", sa.Column("series_id", sa.Uuid(), nullable=True))
    op.add_column("meetings", sa.Column("venue", sa.Text(), nullable=True))
    op.add_column("meetings", sa.Column("closed_on", sa.Date(), nullable=True))
    op.create_index(op.f("ix_meetings_grid_path"), "meetings", ["grid_path"], unique=False)
    op.create_index(op.f("ix_meetings_series_id"), "meetings", ["series_id"], unique=False)
    op.create_unique_constraint(op.f("uq_meetings_code"), "meetings", ["code"])
    op.create_foreign_key(op.f("fk_meetings_series_id"), "meetings", "series", ["series_id"], ["id"])
    op.add_column("offers", sa.Column("code", sa.Text(), nullable=True))
    op.add_column("offers", sa.Column("practice", sa.Text(), nullable=True))
    op.add_column("offers", sa.Column("grid_id", sa.Uuid(), nullable=True))
    op.add_column("offers", sa.Column("grid_path", sa.Text(collation="C"), nullable=True))
    op.add_column("offers", sa.Column("closed_on", sa.Date(), nullable=True))
    op.create_index(op.f("ix_offers_grid_id"), "offers", ["grid_id"], unique=False)
    op.create_index(op.f("ix_offers_grid_path"), "offers", ["grid_path"], unique=False)
    op.create_unique_constraint(op.f("uq_offers_code"), "offers", ["code"])
    op.create_foreign_key(op.f("fk_offers_grid_id"), "offers", "grids", ["grid_id"], ["id"])
    op.add_column("resolutions", sa.Column("code", sa.Text(), nullable=True))
    op.add_column("resolutions", sa.Column("practice", sa.Text(), nullable=True))
    op.add_column("resolutions", sa.Column("topic_id", sa.Uuid(), nullable=True))
    op.add_column("resolutions", sa.Column("closed_on", sa.Date(), nullable=True))
    op.create_index(op.f("ix_resolutions_topic_id"), "resolutions", ["topic_id"], unique=False)
    op.create_unique_constraint(op.f("uq_resolutions_code"), "resolutions", ["code"])
    op.create_foreign_key(op.f("fk_resolutions_topic_id"), "resolutions", "topics", ["topic_id"], ["id"])
    op.add_column("rotas", sa.Column("code", sa.Text(), nullable=True))
    op.add_column("rotas", sa.Column("practice", sa.Text(), nullable=True))
    op.add_column("rotas", sa.Column("at", sa.Text(), nullable=True))
    op.add_column("rotas", sa.Column("minutes", sa.Integer(), nullable=True))
    op.add_column("rotas", sa.Column("grid_path", sa.Text(collation="C"), nullable=True))
    op.add_column(
        "rotas", sa.Column("actions", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]")
    )
    op.alter_column("rotas", "actions", server_default=None)
    op.add_column(
        "rotas", sa.Column("modes", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]")
    )
    op.alter_column("rotas", "modes", server_default=None)
    op.create_index(op.f("ix_rotas_grid_path"), "rotas", ["grid_path"], unique=False)
    op.create_unique_constraint(op.f("uq_rotas_code"), "rotas", ["code"])
    op.add_column("service_items", sa.Column("code", sa.Text(), nullable=True))
    op.add_column("service_items", sa.Column("practice", sa.Text(), nullable=True))
    op.add_column(
        "service_items",
        sa.Column("modes", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]"),
    )
    op.alter_column("service_items", "modes", server_default=None)
    op.add_column("service_items", sa.Column("contactless", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("service_items", "contactless", server_default=None)
    op.add_column("service_items", sa.Column("capacity", sa.Integer(), nullable=True))
    op.add_column("service_items", sa.Column("grid_id", sa.Uuid(), nullable=True))
    op.add_column("service_items", sa.Column("grid_path", sa.Text(collation="C"), nullable=True))
    op.add_column("service_items", sa.Column("replaces_id", sa.Uuid(), nullable=True))
    op.add_column("service_items", sa.Column("because", sa.Text(), nullable=True))
    op.add_column("service_items", sa.Column("evaluation_request_id", sa.Uuid(), nullable=True))
    op.add_column("service_items", sa.Column("evaluation_id", sa.Uuid(), nullable=True))
    op.add_column("service_items", sa.Column("closed_on", sa.Date(), nullable=True))
    op.create_index(
        op.f("ix_service_items_evaluation_id"),
        "service_items",
        ["evaluation_id"],
        unique=False,
        postgresql_where=sa.text("evaluation_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_service_items_grid_id"), "service_items", ["grid_id"], unique=False)
    op.create_index(op.f("ix_service_items_grid_path"), "service_items", ["grid_path"], unique=False)
    op.create_index(op.f("ix_service_items_replaces_id"), "service_items", ["replaces_id"], unique=False)
    op.create_unique_constraint(op.f("uq_service_items_code"), "service_items", ["code"])
    op.create_foreign_key(
        op.f("fk_service_items_evaluation_request_id_evaluation_id"),
        "service_items",
        "evaluations",
        ["evaluation_request_id", "evaluation_id"],
        ["request_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_service_items_replaces_id"), "service_items", "service_items", ["replaces_id"], ["id"]
    )
    op.create_foreign_key(op.f("fk_service_items_grid_id"), "service_items", "grids", ["grid_id"], ["id"])
    op.add_column("shifts", sa.Column("relieves_id", sa.Uuid(), nullable=True))
    op.add_column("shifts", sa.Column("practice", sa.Text(), nullable=True))
    op.create_index(op.f("ix_shifts_relieves_id"), "shifts", ["relieves_id"], unique=False)
    op.create_foreign_key(op.f("fk_shifts_relieves_id"), "shifts", "shifts", ["relieves_id"], ["id"])
    op.add_column("stations", sa.Column("practice", sa.Text(), nullable=True))
    op.add_column(
        "stations",
        sa.Column(
            "build_mode",
            sa.Enum(
                "CONVERTED", "CO_BUILT", "NEW", name="buildmode", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
    )
    op.add_column(
        "stations",
        sa.Column(
            "premises",
            sa.Enum(
                "COMMUNITY_ROOM",
                "UNIT_ROOM",
                "ESTATE_ROOM",
                "HANDOVER_ROOM",
                "OTHER",
                name="premises",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
    )
    op.add_column("stations", sa.Column("demonstration", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("stations", "demonstration", server_default=None)
    op.add_column("stations", sa.Column("agency", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("stations", "agency", server_default=None)
    op.add_column(
        "stations", sa.Column("zones", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]")
    )
    op.alter_column("stations", "zones", server_default=None)
    op.add_column("stations", sa.Column("partner_id", sa.Uuid(), nullable=True))
    op.add_column("stations", sa.Column("opened_on", sa.Date(), nullable=True))
    op.add_column("stations", sa.Column("closed_on", sa.Date(), nullable=True))
    op.create_index(op.f("ix_stations_latitude_longitude"), "stations", ["latitude", "longitude"], unique=False)
    op.create_index(op.f("ix_stations_partner_id"), "stations", ["partner_id"], unique=False)
    op.create_foreign_key(op.f("fk_stations_partner_id"), "stations", "parties", ["partner_id"], ["id"])
    op.drop_constraint(op.f("ck_agreements_agreementkind"), "agreements", type_="check")
    op.create_check_constraint(
        op.f("ck_agreements_agreementkind"),
        "agreements",
        "agreement_kind IN ('CO_BUILD', 'CONTRACT', 'OTHER', 'PLEDGE', 'PAIRING')",
    )


def downgrade() -> None:
    op.execute("UPDATE agreements SET agreement_kind = 'OTHER' WHERE agreement_kind IN ('PLEDGE', 'PAIRING')")
    op.drop_constraint(op.f("ck_agreements_agreementkind"), "agreements", type_="check")
    op.create_check_constraint(
        op.f("ck_agreements_agreementkind"), "agreements", "agreement_kind IN ('CO_BUILD', 'CONTRACT', 'OTHER')"
    )
    op.drop_constraint(op.f("fk_stations_partner_id"), "stations", type_="foreignkey")
    op.drop_index(op.f("ix_stations_partner_id"), table_name="stations")
    op.drop_index(op.f("ix_stations_latitude_longitude"), table_name="stations")
    op.drop_column("stations", "closed_on")
    op.drop_column("stations", "opened_on")
    op.drop_column("stations", "partner_id")
    op.drop_column("stations", "zones")
    op.drop_column("stations", "agency")
    op.drop_column("stations", "demonstration")
    op.drop_column("stations", "premises")
    op.drop_column("stations", "build_mode")
    op.drop_column("stations", "practice")
    op.drop_constraint(op.f("fk_shifts_relieves_id"), "shifts", type_="foreignkey")
    op.drop_index(op.f("ix_shifts_relieves_id"), table_name="shifts")
    op.drop_column("shifts", "practice")
    op.drop_column("shifts", "relieves_id")
    op.drop_constraint(op.f("fk_service_items_grid_id"), "service_items", type_="foreignkey")
    op.drop_constraint(op.f("fk_service_items_replaces_id"), "service_items", type_="foreignkey")
    op.drop_constraint(
        op.f("fk_service_items_evaluation_request_id_evaluation_id"), "service_items", type_="foreignkey"
    )
    op.drop_constraint(op.f("uq_service_items_code"), "service_items", type_="unique")
    op.drop_index(op.f("ix_service_items_replaces_id"), table_name="service_items")
    op.drop_index(op.f("ix_service_items_grid_path"), table_name="service_items")
    op.drop_index(op.f("ix_service_items_grid_id"), table_name="service_items")
    op.drop_index(
        op.f("ix_service_items_evaluation_id"),
        table_name="service_items",
        postgresql_where=sa.text("evaluation_id IS NOT NULL"),
    )
    op.drop_column("service_items", "closed_on")
    op.drop_column("service_items", "evaluation_id")
    op.drop_column("service_items", "evaluation_request_id")
    op.drop_column("service_items", "because")
    op.drop_column("service_items", "replaces_id")
    op.drop_column("service_items", "grid_path")
    op.drop_column("service_items", "grid_id")
    op.drop_column("service_items", "capacity")
    op.drop_column("service_items", "contactless")
    op.drop_column("service_items", "modes")
    op.drop_column("service_items", "practice")
    op.drop_column("service_items", "code")
    op.drop_constraint(op.f("uq_rotas_code"), "rotas", type_="unique")
    op.drop_index(op.f("ix_rotas_grid_path"), table_name="rotas")
    op.drop_column("rotas", "modes")
    op.drop_column("rotas", "actions")
    op.drop_column("rotas", "grid_path")
    op.drop_column("rotas", "minutes")
    op.drop_column("rotas", "at")
    op.drop_column("rotas", "practice")
    op.drop_column("rotas", "code")
    op.drop_constraint(op.f("fk_resolutions_topic_id"), "resolutions", type_="foreignkey")
    op.drop_constraint(op.f("uq_resolutions_code"), "resolutions", type_="unique")
    op.drop_index(op.f("ix_resolutions_topic_id"), table_name="resolutions")
    op.drop_column("resolutions", "closed_on")
    op.drop_column("resolutions", "topic_id")
    op.drop_column("resolutions", "practice")
    op.drop_column("resolutions", "code")
    op.drop_constraint(op.f("fk_offers_grid_id"), "offers", type_="foreignkey")
    op.drop_constraint(op.f("uq_offers_code"), "offers", type_="unique")
    op.drop_index(op.f("ix_offers_grid_path"), table_name="offers")
    op.drop_index(op.f("ix_offers_grid_id"), table_name="offers")
    op.drop_column("offers", "closed_on")
    op.drop_column("offers", "grid_path")
    op.drop_column("offers", "grid_id")
    op.drop_column("offers", "practice")
    op.drop_column("offers", "code")
    op.drop_constraint(op.f("fk_meetings_series_id"), "meetings", type_="foreignkey")
    op.drop_constraint(op.f("uq_meetings_code"), "meetings", type_="unique")
    op.drop_index(op.f("ix_meetings_series_id"), table_name="meetings")
    op.drop_index(op.f("ix_meetings_grid_path"), table_name="meetings")
    op.drop_column("meetings", "closed_on")
    op.drop_column("meetings", "venue")
    op.drop_column("meetings", "series_id")
    op.drop_column("meetings", "forum")
    op.drop_column("meetings", "grid_path")
    op.drop_column("meetings", "practice")
    op.drop_column("meetings", "code")
    op.drop_column("alliances", "match_basis")
    op.drop_constraint(op.f("fk_agreements_partner_id"), "agreements", type_="foreignkey")
    op.drop_constraint(op.f("fk_agreements_grid_id"), "agreements", type_="foreignkey")
    op.drop_constraint(op.f("uq_agreements_code"), "agreements", type_="unique")
    op.drop_index(op.f("ix_agreements_partner_id"), table_name="agreements")
    op.drop_index(op.f("ix_agreements_grid_path"), table_name="agreements")
    op.drop_index(op.f("ix_agreements_grid_id"), table_name="agreements")
    op.drop_column("agreements", "closed_on")
    op.drop_column("agreements", "grid_path")
    op.drop_column("agreements", "grid_id")
    op.drop_column("agreements", "partner_id")
    op.drop_column("agreements", "practice")
    op.drop_column("agreements", "code")
    op.drop_constraint(op.f("fk_activities_series_id"), "activities", type_="foreignkey")
    op.drop_index(op.f("ix_activities_series_id"), table_name="activities")
    op.drop_column("activities", "series_id")
    op.drop_column("activities", "practice")
    op.drop_index(op.f("ix_proposals_topic_id"), table_name="proposals")
    op.drop_index(op.f("ix_proposals_grid_path"), table_name="proposals")
    op.drop_index(op.f("ix_proposals_grid_id"), table_name="proposals")
    op.drop_table("proposals")
    op.drop_index(op.f("ix_topics_request_id"), table_name="topics")
    op.drop_index(op.f("ix_topics_raised_by_id"), table_name="topics")
    op.drop_index(op.f("ix_topics_meeting_id"), table_name="topics")
    op.drop_index(op.f("ix_topics_grid_path"), table_name="topics")
    op.drop_index(op.f("ix_topics_grid_id"), table_name="topics")
    op.drop_table("topics")
    op.drop_index(op.f("ix_outcomes_alliance_id"), table_name="outcomes")
    op.drop_index(op.f("ix_outcomes_agreement_id"), table_name="outcomes")
    op.drop_table("outcomes")
    op.drop_index(op.f("ix_series_station_id"), table_name="series")
    op.drop_index(op.f("ix_series_organizer_id"), table_name="series")
    op.drop_index(op.f("ix_series_grid_path"), table_name="series")
    op.drop_index(op.f("ix_series_grid_id"), table_name="series")
    op.drop_index(op.f("ix_series_alliance_id"), table_name="series")
    op.drop_table("series")
    op.drop_index(op.f("ix_qr_points_station_id"), table_name="qr_points")
    op.drop_index(op.f("ix_qr_points_grid_path"), table_name="qr_points")
    op.drop_index(op.f("ix_qr_points_grid_id"), table_name="qr_points")
    op.drop_table("qr_points")
    op.drop_index(op.f("ix_public_notices_until"), table_name="public_notices")
    op.drop_index(op.f("ix_public_notices_station_id"), table_name="public_notices")
    op.drop_index(op.f("ix_public_notices_since"), table_name="public_notices")
    op.drop_index(op.f("ix_public_notices_party_id"), table_name="public_notices")
    op.drop_index(op.f("ix_public_notices_grid_path"), table_name="public_notices")
    op.drop_index(op.f("ix_public_notices_grid_id"), table_name="public_notices")
    op.drop_table("public_notices")
    op.drop_index(op.f("ix_budget_projects_budget_id"), table_name="budget_projects")
    op.drop_table("budget_projects")
    op.drop_index(op.f("ix_fundings_grid_path"), table_name="fundings")
    op.drop_index(op.f("ix_fundings_grid_id"), table_name="fundings")
    op.drop_table("fundings")
    op.drop_index(op.f("ix_budgets_grid_path"), table_name="budgets")
    op.drop_index(op.f("ix_budgets_grid_id"), table_name="budgets")
    op.drop_table("budgets")
