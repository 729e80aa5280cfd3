"""codes of activities, turns at them, and hours as a registry of volunteers knows them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

METHODS = sa.Enum(
    *("TEAM", "SELF", "TIME_CODE", "APP", "AUTOMATIC"),
    name="servicemethod",
    native_enum=False,
    create_constraint=True,
    length=32,
)
STATUSES = sa.Enum(
    *("DRAFT", "ON_NOTICE", "CONFIRMED", "DISPUTED", "WITHDRAWN"),
    name="servicestatus",
    native_enum=False,
    create_constraint=True,
    length=32,
)


def upgrade() -> None:
    op.add_column("activities", sa.Column("code", sa.Text(), nullable=True))
    op.add_column("activities", sa.Column("category", sa.Text(), nullable=True))
    op.add_column("activities", sa.Column("closed_on", sa.Date(), nullable=True))
    op.create_unique_constraint(op.f("uq_activities_code"), "activities", ["code"])
    op.alter_column("shifts", "rota_id", nullable=True)
    op.add_column("shifts", sa.Column("activity_id", sa.Uuid(), nullable=True))
    op.add_column("shifts", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(op.f("fk_shifts_activity_id"), "shifts", "activities", ["activity_id"], ["id"])
    op.create_index(op.f("ix_shifts_activity_id"), "shifts", ["activity_id"], unique=False)
    op.add_column("service_records", sa.Column("code", sa.Text(), nullable=True))
    op.add_column("service_records", sa.Column("method", METHODS, nullable=True))
    op.add_column("service_records", sa.Column("recorder_id", sa.Uuid(), nullable=True))
    op.add_column("service_records", sa.Column("status", STATUSES, nullable=False, server_default="CONFIRMED"))
    op.alter_column("service_records", "status", server_default=None)
    op.add_column("service_records", sa.Column("notice_from", sa.Date(), nullable=True))
    op.add_column("service_records", sa.Column("notice_until", sa.Date(), nullable=True))
    op.add_column("service_records", sa.Column("dispute", sa.Text(), nullable=True))
    op.add_column("service_records", sa.Column("disputed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("service_records", sa.Column("resolution", sa.Text(), nullable=True))
    op.add_column("service_records", sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint(op.f("uq_service_records_code"), "service_records", ["code"])
    op.create_foreign_key(op.f("fk_service_records_recorder_id"), "service_records", "parties", ["recorder_id"], ["id"])
    op.create_index(op.f("ix_service_records_recorder_id"), "service_records", ["recorder_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_service_records_recorder_id"), table_name="service_records")
    for column in ("resolved_at", "resolution", "disputed_at", "dispute", "notice_until", "notice_from", "status"):
        op.drop_column("service_records", column)
    for column in ("recorder_id", "method", "code"):
        op.drop_column("service_records", column)
    op.execute("DELETE FROM shifts WHERE rota_id IS NULL")  # the older shape has no place for turns at activities
    op.drop_index(op.f("ix_shifts_activity_id"), table_name="shifts")
    op.drop_column("shifts", "withdrawn_at")
    op.drop_column("shifts", "activity_id")
    op.alter_column("shifts", "rota_id", nullable=False)
    for column in ("closed_on", "category", "code"):
        op.drop_column("activities", column)
