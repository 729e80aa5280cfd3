"""What happens where a source says what its plugin, or the hub, does not expect: by rule, for each kind and field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Drift, DriftRule
from hub.plugin import SourceBroken
from hub.sync.kind import EVERY


@dataclass(frozen=True, slots=True)
class Policies:
    """The rules that concern one source: (the source's own?, kind, field) -> policy."""

    rules: Mapping[tuple[bool, str, str], Drift] = field(default_factory=dict)

    def of(self, kind: str, name: str, otherwise: Drift) -> Drift:
        """The most specific policy for a field."""
        for own in (True, False):
            for place in ((kind, name), (kind, EVERY), (EVERY, name), (EVERY, EVERY)):
                if (found := self.rules.get((own, *place))) is not None:
                    return found
        return otherwise

    def judge(self, kind: str, name: str, otherwise: Drift, what: str) -> Drift:
        """The same; raises SourceBroken where the run is to stop. `what` is the matter, in words."""
        if (found := self.of(kind, name, otherwise)) is Drift.FREEZE:
            raise SourceBroken(f"{kind}.{name}: {what}. The rule for it is FREEZE, so the run stopped here.")
        return found

    def told(self) -> str:
        """All of them, always in the same words."""
        return repr(sorted((*place, policy.name) for place, policy in self.rules.items()))


async def policies(session: AsyncSession, source_id: UUID) -> Policies:
    """The rules for this source, and those for all."""
    concerned = or_(DriftRule.source_id == source_id, DriftRule.source_id.is_(None))
    rules = await session.scalars(select(DriftRule).where(concerned))
    return Policies({(rule.source_id is not None, rule.kind, rule.field): rule.policy for rule in rules})
