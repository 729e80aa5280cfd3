"""links know the time of the record that was applied last"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("links", sa.Column("at", sa.DateTime(timezone=True), nullable=True), if_not_exists=True)


def downgrade() -> None:
    op.drop_column("links", "at")
