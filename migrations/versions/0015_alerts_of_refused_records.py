"""refused records that wait are an alert"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KINDS = ("QUIET", "FAILING", "GUARDED", "DRIFT", "PARKED", "ECHO")


def _check(kinds: Sequence[str]) -> None:
    op.drop_constraint(op.f("ck_alerts_alertkind"), "alerts", type_="check")
    op.create_check_constraint(op.f("ck_alerts_alertkind"), "alerts", sa.column("kind").in_(kinds))


def upgrade() -> None:
    _check(("QUIET", "FAILING", "GUARDED", "DRIFT", "PARKED", "REJECTED", "ECHO"))
    op.create_index("ix_rejected_open", "rejected", ["source_id"], postgresql_where=sa.text("status = 'OPEN'"))


def downgrade() -> None:
    op.drop_index("ix_rejected_open", "rejected")
    op.execute("DELETE FROM alerts WHERE kind = 'REJECTED'")
    _check(KINDS)
