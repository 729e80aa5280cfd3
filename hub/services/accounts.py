"""Accounts: tokens given out, and the viewer that a token stands for."""

import hashlib
import hmac
import secrets
from datetime import datetime
from pathlib import Path

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import ANONYMOUS, EVERYWHERE, ROLES, Viewer
from hub.errors import Invalid, Unauthenticated
from hub.models import ApiKey, Grid, now
from hub.services import grids, parties


def pepper(home: Path) -> bytes:
    """The secret that token hashes are keyed with, made at first use (0600), so that a stolen dump opens nothing."""
    file = home / "pepper"
    try:
        return file.read_bytes()
    except FileNotFoundError:
        home.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_bytes(secrets.token_bytes(32))
        try:
            file.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        return file.read_bytes()


def digest(key: bytes, secret: str) -> bytes:
    return hmac.new(key, secret.encode(), hashlib.sha256).digest()


async def give_token(
    session: AsyncSession,
    viewer: Viewer,
    key: bytes,
    *,
    role: str,
    name: str,
    grid_code: str | None = None,
    party_code: str | None = None,
    expires_at: datetime | None = None,
) -> str:
    """A new token, shown this once. Without a grid an admin stands everywhere, anybody else nowhere."""
    viewer.must("sync:run")
    if role not in ROLES:
        raise Invalid(f"No role {role}. There are: {', '.join(ROLES)}.", field="role")
    grid = await grids.by_code(session, viewer, grid_code) if grid_code else None
    party = await parties.by_code(session, viewer, party_code) if party_code else None
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    session.add(
        ApiKey(
            prefix=prefix,
            digest=digest(key, secret),
            name=name,
            role=role,
            grid_id=grid and grid.id,
            party_id=party and party.id,
            expires_at=expires_at,
        )
    )
    return f"lh_{prefix}_{secret}"


async def as_role(
    session: AsyncSession, viewer: Viewer, role: str, grid_code: str | None, party_code: str | None
) -> Viewer:
    """Somebody with that role who stands in that grid, without a token. Raises NotFound, Invalid."""
    if role not in ROLES:
        raise Invalid(f"No role {role}. There are: {', '.join(ROLES)}.", field="role")
    grid = await grids.by_code(session, viewer, grid_code) if grid_code else None
    party = await parties.by_code(session, viewer, party_code) if party_code else None
    paths = await _roots(session, grid) if grid else EVERYWHERE if role == "admin" else ()
    return Viewer(f"as:{role}", ROLES[role], paths, None if party is None else party.id, name=role)


def keys(prefix: str) -> Select[ApiKey, Grid]:
    """The key with this prefix and the grid it is bound to. Asked before there is a viewer."""
    return select(ApiKey, Grid).outerjoin(Grid, Grid.id == ApiKey.grid_id).where(ApiKey.prefix == prefix)


async def viewer_of(session: AsyncSession, key: bytes, token: str | None) -> Viewer:
    """Whom a token stands for; anonymous without one. Raises Unauthenticated for a bad or old one."""
    if token is None:
        return ANONYMOUS
    kind, _, rest = token.partition("_")
    prefix, _, secret = rest.partition("_")
    found = (await session.execute(keys(prefix))).one_or_none() if kind == "lh" else None
    account, grid = found or (None, None)
    if account is None or not hmac.compare_digest(account.digest, digest(key, secret)):
        raise Unauthenticated("The token is not known here. `hub token --as admin` gives a new one.")
    if account.revoked_at is not None or (account.expires_at is not None and account.expires_at <= now()):
        raise Unauthenticated("The token has expired or was revoked. Ask for a new one.")
    paths = await _roots(session, grid) if grid else EVERYWHERE if account.role == "admin" else ()
    return Viewer(f"key:{account.prefix}", ROLES[account.role], paths, account.party_id, name=account.name)


async def _roots(session: AsyncSession, grid: Grid) -> tuple[str, ...]:
    """The subtree of the grid, and those that it governs without their being coded under it."""
    governed = await session.scalars(select(Grid.path).where(Grid.jurisdiction_id == grid.id))
    return (grid.path, *governed)
