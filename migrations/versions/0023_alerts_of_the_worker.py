"""what the worker fails to do is an alert"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KINDS = ("QUIET", "FAILING", "GUARDED", "DRIFT", "PARKED", "REJECTED", "STUCK", "ECHO")


def _check(kinds: Sequence[str]) -> None:
    op.drop_constraint(op.f("ck_alerts_alertkind"), "alerts", type_="check")
    op.create_check_constraint(op.f("ck_alerts_alertkind"), "alerts", sa.column("kind").in_(kinds))


def upgrade() -> None:
    _check((*KINDS[:-1], "WORKER", "ECHO"))


def downgrade() -> None:
    op.execute("DELETE FROM alerts WHERE kind = 'WORKER'")
    _check(KINDS)
