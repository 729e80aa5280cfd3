"""how much of what a source brings may be refused"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("sources", sa.Column("most_refused", sa.Float(), nullable=False, server_default="0.05"))
    op.alter_column("sources", "most_refused", server_default=None)


def downgrade() -> None:
    op.drop_column("sources", "most_refused")
