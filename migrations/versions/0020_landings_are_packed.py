"""pages are kept packed: the database took thrice as long to do so itself, and twice the room"""

import zlib
from collections.abc import Callable, Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LANDINGS = sa.table(
    "landings", sa.column("run_id", sa.Uuid()), sa.column("page"), sa.column("received", sa.LargeBinary())
)


def upgrade() -> None:
    _rewrite(lambda received: zlib.compress(received, 1))


def downgrade() -> None:
    _rewrite(zlib.decompress)


def _rewrite(again: Callable[[bytes], bytes]) -> None:
    """One page at a time: all of them may be more than there is memory."""
    connection, columns = op.get_bind(), LANDINGS.c
    for run_id, page in connection.execute(sa.select(columns.run_id, columns.page)).all():
        mine = (columns.run_id == run_id, columns.page == page)
        received = connection.execute(sa.select(columns.received).where(*mine)).scalar_one()
        connection.execute(sa.update(LANDINGS).where(*mine).values(received=again(bytes(received))))
