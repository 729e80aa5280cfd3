"""calls to the neighbourhood itself, and what a mini-app was used for, are channels"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

HOTLINES = ("HOTLINE_12345", "HOTLINE_12319")
OTHERS = ("QR_CODE", "VISIT", "GRID_WORKER", "STATION", "SENSOR", "WEB", "OTHER")
USES = ("MINI_APP_REPORT", "MINI_APP_DISCUSS", "MINI_APP_SERVICE")


def _check(channels: Sequence[str]) -> None:
    op.drop_constraint(op.f("ck_requests_channel"), "requests", type_="check")
    op.create_check_constraint(op.f("ck_requests_channel"), "requests", sa.column("channel").in_(channels))


def upgrade() -> None:
    _check((*HOTLINES, "PHONE", "MINI_APP", *USES, *OTHERS))


def downgrade() -> None:
    channel = sa.column("channel", sa.String)
    requests = sa.table("requests", channel)
    op.execute(requests.update().where(channel.in_(USES)).values(channel="MINI_APP"))
    op.execute(requests.update().where(channel == "PHONE").values(channel="OTHER"))
    _check((*HOTLINES, "MINI_APP", *OTHERS))
