"""Who called: the vault's identities, masked."""

from hub import models
from hub.services import requests as see_requests
from schema.node import computed, node


def masked_name(name: str | None) -> str | None:
    """The family name's first character, the rest hidden: 王*."""
    return name and f"{name[0]}*"


def masked_phone(phone: str | None) -> str | None:
    """The first three and the last four digits of a long number; of a short one nothing."""
    return phone and (f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 11 else "****")


@node(models.Identity, see_requests.callers, "confidential")
class Caller:
    name = computed([models.Identity.name], masked_name, type=str | None, description="The name, masked: 王* (姓名).")
    phone = computed(
        [models.Identity.phone], masked_phone, type=str | None, description="The number, masked: 138****1234 (电话)."
    )
