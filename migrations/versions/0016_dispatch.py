"""the catalogue of duties, answers that are evaluated, requests that may say the same"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BEFORE = (
    *(
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
    ),
    *("ASK_RETURN", "GRANT_RETURN", "REFUSE_RETURN", "ASK_EXTENSION", "GRANT_EXTENSION", "REFUSE_EXTENSION", "HANDLE"),
    *("VERIFY", "REWORK", "FEED_BACK", "EVALUATE", "PUBLISH", "UNPUBLISH", "CLOSE", "REOPEN", "ARCHIVE", "ESCALATE"),
    *("MERGE", "UNMERGE", "ATTACH", "SUPERVISE", "RELEASE", "URGE"),
)
AFTER = (
    *(
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
    ),
    *("EVALUATE_RESPONSE", "ASK_RETURN", "GRANT_RETURN", "REFUSE_RETURN", "ASK_EXTENSION", "GRANT_EXTENSION"),
    *("REFUSE_EXTENSION", "HANDLE", "VERIFY", "REWORK", "FEED_BACK", "EVALUATE", "PUBLISH", "UNPUBLISH", "CLOSE"),
    *("REOPEN", "ARCHIVE", "ESCALATE", "MERGE", "UNMERGE", "ANSWER", "ATTACH", "SUPERVISE", "RELEASE", "URGE"),
)
TRIGRAMS = """
DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
    RAISE NOTICE 'pg_trgm cannot be created: texts are compared by pairs of characters alone';
END $$
"""


def _actions(names: Sequence[str]) -> None:
    op.drop_constraint(op.f("ck_request_events_requestaction"), "request_events", type_="check")
    listed = ", ".join(f"'{name}'" for name in names)
    op.create_check_constraint(op.f("ck_request_events_requestaction"), "request_events", f"action IN ({listed})")


def upgrade() -> None:
    op.execute(TRIGRAMS)
    _actions(AFTER)
    op.create_table(
        "catalogue_entries",
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("grid_id", sa.Uuid(), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("current_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(code IS NULL) <> (current_id IS NULL)",
            name=op.f("ck_catalogue_entries_catalogue_entries_known_or_former"),
        ),
        sa.ForeignKeyConstraint(["current_id"], ["catalogue_entries.id"], name=op.f("fk_catalogue_entries_current_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_catalogue_entries_grid_id")),
        sa.ForeignKeyConstraint(["party_id"], ["parties.id"], name=op.f("fk_catalogue_entries_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_entries")),
        sa.UniqueConstraint("code", name=op.f("uq_catalogue_entries_code")),
    )
    for column in ("category", "grid_id", "grid_path", "party_id"):
        op.create_index(op.f(f"ix_catalogue_entries_{column}"), "catalogue_entries", [column], unique=False)
    op.create_index(
        op.f("ix_catalogue_entries_current_id"),
        "catalogue_entries",
        ["current_id"],
        unique=False,
        postgresql_where=sa.text("current_id IS NOT NULL"),
    )
    op.add_column("co_handlers", sa.Column("ok", sa.Boolean(), nullable=True))
    op.add_column("co_handlers", sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("co_handlers", sa.Column("evaluation", sa.Text(), nullable=True))
    op.create_table(
        "duplicate_searches",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_searches")),
    )
    op.create_table(
        "duplicate_suggestions",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "decided",
            sa.Enum(
                "MERGED", "DISMISSED", name="duplicatedecision", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["other_id"], ["requests.id"], name=op.f("fk_duplicate_suggestions_other_id")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_duplicate_suggestions_request_id")),
        sa.PrimaryKeyConstraint("request_id", "id", name=op.f("pk_duplicate_suggestions")),
        sa.UniqueConstraint("request_id", "other_id", name=op.f("uq_duplicate_suggestions_request_id_other_id")),
    )
    op.create_index(op.f("ix_duplicate_suggestions_other_id"), "duplicate_suggestions", ["other_id"], unique=False)
    op.create_index(
        "ix_requests_near",
        "requests",
        ["latitude", "longitude", "submitted_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND latitude IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_requests_near", table_name="requests")
    op.drop_table("duplicate_suggestions")
    op.drop_table("duplicate_searches")
    for column in ("evaluation", "evaluated_at", "ok"):
        op.drop_column("co_handlers", column)
    op.drop_table("catalogue_entries")
    op.execute("DELETE FROM request_events WHERE action IN ('EVALUATE_RESPONSE', 'ANSWER')")  # no word for them before
    _actions(BEFORE)
    op.execute("DROP EXTENSION IF EXISTS pg_trgm")
