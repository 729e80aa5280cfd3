"""registers and people: affiliations, papers, care labels, report-ins that end, claims with room, needs met by resources"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KINDS = (
    *("PARTY_COMMITTEE", "GENERAL_BRANCH", "BRANCH", "BUILDING_GROUP", "UNIT", "DEPARTMENT", "ENTERPRISE", "MERCHANT"),
    *("PROPERTY_COMPANY", "OWNERS_COMMITTEE", "RESIDENTS_COMMITTEE", "VOLUNTEER_TEAM", "SERVICE_CORPS"),
    "SOCIAL_ORGANIZATION",
)
MORE_KINDS = ("WOMENS_HOME", "AUTONOMOUS_BODY", "JOINT_MEETING", "ESTATE_BODY", "SERVICE_TEAM", "CULTURE_TEAM")
ROLES = (
    *("GRID_LEADER", "GRID_WORKER", "STEWARD", "SPECIALIST", "SECRETARY", "MEMBER", "MEMBER_HOUSEHOLD", "VOLUNTEER"),
    *("POLICE", "LAWYER", "STAFF"),
)
MORE_ROLES = ("ALLEY_STEWARD", "OFFICER", "DEMO_POST", "CONTACT")


def _vocabulary(table: str, name: str, column: str, terms: Sequence[str]) -> None:
    """The words that a column may hold, from here on."""
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    words = ", ".join(f"'{term}'" for term in terms)
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, f"{column} IN ({words})")


def _one_thing(rule: str) -> None:
    op.drop_constraint(op.f("ck_claims_claims_one_thing"), "claims", type_="check")
    op.create_check_constraint(op.f("ck_claims_claims_one_thing"), "claims", rule)


def upgrade() -> None:
    _vocabulary("parties", "organizationkind", "organization_kind", (*KINDS, *MORE_KINDS, "OTHER"))
    _vocabulary("posts", "postrole", "role", (*ROLES, *MORE_ROLES, "OTHER"))
    op.execute(  # who reported in twice at once, stands there once: the first time
        "DELETE FROM report_ins AS later USING report_ins AS first "
        "WHERE later.party_id = first.party_id AND later.grid_id = first.grid_id AND later.id > first.id"
    )
    op.create_table(
        "affiliations",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column(
            "affiliation_kind",
            sa.Enum(
                "MEMBER_UNIT",
                "FOUNDER",
                "HORIZONTAL",
                "VERTICAL",
                name="affiliationkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["parties.id"], name=op.f("fk_affiliations_organization_id")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_affiliations_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affiliations")),
    )
    op.create_index(op.f("ix_affiliations_organization_id"), "affiliations", ["organization_id"], unique=False)
    op.create_index(op.f("ix_affiliations_party_id"), "affiliations", ["party_id"], unique=False)
    op.create_table(
        "care_labels",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("assessment", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["parties.id"], name=op.f("fk_care_labels_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_labels")),
    )
    op.create_index(op.f("ix_care_labels_grid_path"), "care_labels", ["grid_path"], unique=False)
    op.create_index(op.f("ix_care_labels_person_id"), "care_labels", ["person_id"], unique=False)
    op.create_table(
        "care_reveals",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "VISIT",
                "EMERGENCY",
                "REVIEW",
                "RIGHTS",
                name="carepurpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["parties.id"], name=op.f("fk_care_reveals_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_reveals")),
    )
    op.create_index(op.f("ix_care_reveals_grid_path"), "care_reveals", ["grid_path"], unique=False)
    op.create_index(op.f("ix_care_reveals_person_id"), "care_reveals", ["person_id"], unique=False)
    op.create_table(
        "match_declines",
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_match_declines_need_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resources.id"], name=op.f("fk_match_declines_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_declines")),
        sa.UniqueConstraint("need_id", "resource_id", name=op.f("uq_match_declines_need_id_resource_id")),
    )
    op.create_index(op.f("ix_match_declines_resource_id"), "match_declines", ["resource_id"], unique=False)
    op.create_table(
        "documents",
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column(
            "doc_kind",
            sa.Enum(
                "CLEAR_CARD",
                "CONTACT_CARD",
                "RECORD_CARD",
                "LOG_SHEET",
                "RATING_SHEET",
                "PROJECT_LIST",
                name="dockind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_documents_grid_id")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_documents_party_id")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_documents_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("code", name=op.f("uq_documents_code")),
    )
    op.create_index(op.f("ix_documents_grid_id"), "documents", ["grid_id"], unique=False)
    op.create_index(op.f("ix_documents_grid_path"), "documents", ["grid_path"], unique=False)
    op.create_index(op.f("ix_documents_party_id"), "documents", ["party_id"], unique=False)
    op.create_index(op.f("ix_documents_project_id"), "documents", ["project_id"], unique=False)
    op.add_column("claims", sa.Column("code", sa.Text(), nullable=True))
    op.add_column("claims", sa.Column("practice", sa.Text(), nullable=True))
    op.add_column("claims", sa.Column("service_item_id", sa.Uuid(), nullable=True))
    op.add_column("claims", sa.Column("skill", sa.Text(), nullable=True))
    op.create_index(op.f("ix_claims_service_item_id"), "claims", ["service_item_id"], unique=False)
    op.create_unique_constraint(op.f("uq_claims_code"), "claims", ["code"])
    op.create_foreign_key(op.f("fk_claims_service_item_id"), "claims", "service_items", ["service_item_id"], ["id"])
    op.add_column(
        "grids",
        sa.Column(
            "kind",
            sa.Enum(
                "RESIDENTIAL",
                "BUSINESS_DISTRICT",
                "OFFICE_TOWER",
                "COLLECTIVE_DORMITORY",
                "MICRO_GRID",
                name="gridkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
    )
    op.add_column("grids", sa.Column("buildings", sa.Integer(), nullable=True))
    op.add_column("grids", sa.Column("households", sa.Integer(), nullable=True))
    op.add_column("grids", sa.Column("population", sa.Integer(), nullable=True))
    op.add_column("needs", sa.Column("code", sa.Text(), nullable=True))
    op.add_column("needs", sa.Column("practice", sa.Text(), nullable=True))
    op.add_column("needs", sa.Column("wanted_on", sa.Date(), nullable=True))
    op.add_column("needs", sa.Column("closed_on", sa.Date(), nullable=True))
    op.create_index(op.f("ix_needs_category_grid_path"), "needs", ["category", "grid_path"], unique=False)
    op.create_unique_constraint(op.f("uq_needs_code"), "needs", ["code"])
    op.add_column("parties", sa.Column("industry", sa.Text(), nullable=True))
    op.add_column("parties", sa.Column("colour", sa.Text(), nullable=True))
    op.add_column("parties", sa.Column("minimum_size", sa.Integer(), nullable=True))
    op.add_column("parties", sa.Column("established_on", sa.Date(), nullable=True))
    op.add_column("parties", sa.Column("skills", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column(
        "posts",
        sa.Column(
            "steward_kind",
            sa.Enum(
                "RED", "STUDENT", "PART_TIME", name="stewardkind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
    )
    op.add_column("posts", sa.Column("practice", sa.Text(), nullable=True))
    op.add_column("projects", sa.Column("code", sa.Text(), nullable=True))
    op.add_column("projects", sa.Column("practice", sa.Text(), nullable=True))
    op.add_column("projects", sa.Column("capacity", sa.Integer(), nullable=True))
    op.add_column("projects", sa.Column("closed_on", sa.Date(), nullable=True))
    op.create_unique_constraint(op.f("uq_projects_code"), "projects", ["code"])
    op.add_column("report_ins", sa.Column("code", sa.Text(), nullable=True))
    op.add_column("report_ins", sa.Column("practice", sa.Text(), nullable=True))
    op.add_column("report_ins", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint(op.f("uq_report_ins_code"), "report_ins", ["code"])
    op.create_unique_constraint(op.f("uq_report_ins_party_id_grid_id"), "report_ins", ["party_id", "grid_id"])
    op.add_column("resources", sa.Column("category", sa.Text(), nullable=True))
    op.add_column("resources", sa.Column("available_from", sa.Date(), nullable=True))
    op.add_column("resources", sa.Column("available_until", sa.Date(), nullable=True))
    op.create_index(op.f("ix_resources_category_grid_path"), "resources", ["category", "grid_path"], unique=False)
    _one_thing("num_nonnulls(request_id, project_id, service_item_id) = 1")


def downgrade() -> None:
    op.execute("DELETE FROM claims WHERE service_item_id IS NOT NULL")  # the older shape has no place for these
    _one_thing("(request_id IS NULL) <> (project_id IS NULL)")
    op.drop_table("documents")
    op.drop_table("match_declines")
    op.drop_table("care_reveals")
    op.drop_table("care_labels")
    op.drop_table("affiliations")
    op.drop_constraint(op.f("uq_claims_code"), "claims", type_="unique")
    op.drop_constraint(op.f("uq_needs_code"), "needs", type_="unique")
    op.drop_constraint(op.f("uq_projects_code"), "projects", type_="unique")
    op.drop_constraint(op.f("uq_report_ins_code"), "report_ins", type_="unique")
    op.drop_constraint(op.f("uq_report_ins_party_id_grid_id"), "report_ins", type_="unique")
    for table in ("needs", "resources"):
        op.drop_index(op.f(f"ix_{table}_category_grid_path"), table_name=table)
    op.drop_column("claims", "code")
    op.drop_column("claims", "practice")
    op.drop_column("claims", "service_item_id")
    op.drop_column("claims", "skill")
    op.drop_column("grids", "kind")
    op.drop_column("grids", "buildings")
    op.drop_column("grids", "households")
    op.drop_column("grids", "population")
    op.drop_column("needs", "code")
    op.drop_column("needs", "practice")
    op.drop_column("needs", "wanted_on")
    op.drop_column("needs", "closed_on")
    op.drop_column("parties", "industry")
    op.drop_column("parties", "colour")
    op.drop_column("parties", "minimum_size")
    op.drop_column("parties", "established_on")
    op.drop_column("parties", "skills")
    op.drop_column("posts", "steward_kind")
    op.drop_column("posts", "practice")
    op.drop_column("projects", "code")
    op.drop_column("projects", "practice")
    op.drop_column("projects", "capacity")
    op.drop_column("projects", "closed_on")
    op.drop_column("report_ins", "code")
    op.drop_column("report_ins", "practice")
    op.drop_column("report_ins", "left_at")
    op.drop_column("resources", "category")
    op.drop_column("resources", "available_from")
    op.drop_column("resources", "available_until")
    op.execute(
        "UPDATE parties SET organization_kind = 'OTHER' WHERE organization_kind IN "
        "('WOMENS_HOME', 'AUTONOMOUS_BODY', 'JOINT_MEETING', 'ESTATE_BODY', 'SERVICE_TEAM', 'CULTURE_TEAM')"
    )
    op.execute("UPDATE posts SET role = 'OTHER' WHERE role IN ('ALLEY_STEWARD', 'OFFICER', 'DEMO_POST', 'CONTACT')")
    _vocabulary("parties", "organizationkind", "organization_kind", (*KINDS, "OTHER"))
    _vocabulary("posts", "postrole", "role", (*ROLES, "OTHER"))
