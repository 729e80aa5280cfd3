"""links keep what was named and not known, not only in which field"""

from collections.abc import Sequence

from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

GONE = "decode(repeat('00', 16), 'hex')"


def upgrade() -> None:
    """What was kept so far is not enough: those records are looked at again. What is gone stays so."""
    op.execute(
        f"UPDATE links SET unknown = NULL, hash = CASE WHEN hash = {GONE} THEN hash END WHERE unknown IS NOT NULL"
    )


downgrade = upgrade
