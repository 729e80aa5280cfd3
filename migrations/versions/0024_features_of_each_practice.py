"""features and figures are known by their practice, too: two practices may number their rows alike"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OF_FILES = "EXISTS (SELECT FROM sources WHERE sources.id = {0}.source_id AND sources.plugin = 'practices')"


def upgrade() -> None:
    op.add_column("features", sa.Column("row", sa.Text(), nullable=False, server_default=""))
    op.execute('UPDATE features SET "row" = code')
    op.alter_column("features", "row", server_default=None)
    for table, kind in (("features", "feature"), ("figures", "figure")):
        op.execute(f"UPDATE {table} SET code = practice || '.' || code")
        op.execute(
            f"UPDATE sightings SET key = {table}.practice || '.' || sightings.key FROM links, {table} "
            "WHERE (links.source_id, links.kind, links.key) = (sightings.source_id, sightings.kind, sightings.key) "
            f"AND links.kind = '{kind}' AND links.entity_id = {table}.id AND {OF_FILES.format('links')}"
        )
        op.execute(
            f"UPDATE links SET key = {table}.practice || '.' || links.key, hash = NULL FROM {table} "
            f"WHERE links.kind = '{kind}' AND links.entity_id = {table}.id AND {OF_FILES.format('links')}"
        )


def downgrade() -> None:
    """Of rows that practices number alike the first one gets its bare name back: there is but one of a name."""
    for table, kind in (("figures", "figure"), ("features", "feature")):
        bare = f"substr({table}.code, length({table}.practice) + 2)"
        op.execute(
            f"UPDATE {table} SET code = {bare} WHERE starts_with(code, practice || '.') AND NOT EXISTS (SELECT FROM "
            f"{table} AS other WHERE other.id < {table}.id AND starts_with(other.code, other.practice || '.') "
            f"AND substr(other.code, length(other.practice) + 2) = {bare})"
        )
        for stored in ("sightings", "links"):
            op.execute(
                f"UPDATE {stored} SET key = substr({stored}.key, length({table}.practice) + 2) FROM {table} "
                f"{', links' if stored == 'sightings' else ''} WHERE {stored}.kind = '{kind}' "
                f"AND starts_with({stored}.key, {table}.practice || '.') AND links.entity_id = {table}.id "
                "AND (links.source_id, links.kind, links.key) = "
                f"({stored}.source_id, {stored}.kind, {stored}.key) AND {table}.code = "
                f"substr({stored}.key, length({table}.practice) + 2) AND {OF_FILES.format('links')}"
            )
    op.drop_column("features", "row")
