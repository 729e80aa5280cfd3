"""The vault: who a caller really is, apart from the request."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import SECRET, Entity


class Identity(Entity):
    """A caller's contact data. Requests know only the key, a pseudonym (来电人)."""

    __tablename__ = "identities"

    name: Mapped[str | None] = mapped_column(info=SECRET, doc="The name given (姓名).")
    phone: Mapped[str | None] = mapped_column(info=SECRET, doc="The number given (电话).")
    confidential: Mapped[bool] = mapped_column(default=True, doc="Whether the caller asked for secrecy (保密).")
    request_id: Mapped[UUID | None] = mapped_column(index=True)
