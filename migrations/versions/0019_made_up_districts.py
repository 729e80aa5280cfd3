"""practices say of what a made-up district consists, and whether one is here"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    empty = sa.text("'{}'::jsonb")
    op.add_column("practices", sa.Column("demo", postgresql.JSONB(), nullable=False, server_default=empty))
    op.add_column("practices", sa.Column("synthetic", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("practices", "demo", server_default=None)
    op.alter_column("practices", "synthetic", server_default=None)


def downgrade() -> None:
    op.drop_column("practices", "synthetic")
    op.drop_column("practices", "demo")
