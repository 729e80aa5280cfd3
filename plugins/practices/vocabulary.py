"""The words of the hub that a practice file may use where it names something of the hub's own."""

from collections.abc import Collection
from difflib import get_close_matches


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ACTIONS = _words(
    """
    SUBMIT SYNC ASK_INFO ADD_INFO REJECT_SCOPE TRIAGE DISPATCH SIGN ACCEPT JOIN RESPOND ASK_RETURN GRANT_RETURN
    REFUSE_RETURN ASK_EXTENSION GRANT_EXTENSION REFUSE_EXTENSION HANDLE VERIFY REWORK FEED_BACK EVALUATE PUBLISH
    UNPUBLISH EVALUATE_RESPONSE ANSWER CLOSE REOPEN ARCHIVE ESCALATE MERGE UNMERGE ATTACH SUPERVISE RELEASE URGE
    """
)
"""What may be done with a request."""

ABILITIES = _words(
    """
    requests:read requests:submit requests:triage requests:handle requests:verify requests:supervise
    callers:read parties:read parties:write resources:write care:read care:write changes:read sync:read sync:run
    """
)
"""What a viewer may be able to do."""

SIDES = frozenset({"ASSIGNEE", "CO_HANDLER", "SUBMITTER"})
"""The parts that a party may have in a request."""

ROLES = _words(
    """
    ALLEY_STEWARD CONTACT DEMO_POST GRID_LEADER GRID_WORKER LAWYER MEMBER MEMBER_HOUSEHOLD OFFICER OTHER POLICE
    SECRETARY SPECIALIST STAFF STEWARD VOLUNTEER
    """
)
"""The parts that a person may play."""

VIEWERS = _words("admin anonymous carer clerk district handler partner resident")
"""As whom a step of a scenario may be taken."""

REFUSALS = _words(
    """
    UNAUTHENTICATED FORBIDDEN NOT_FOUND INVALID CONFLICT TRANSITION_REFUSED MISCONFIGURED UNAVAILABLE
    BAD_ID BAD_CURSOR GAP COST_LIMIT TIME_LIMIT BAD_REQUEST BAD_USER_INPUT
    """
)
"""The codes of errors with which the hub refuses."""

SCHEME_KINDS = _words(
    """
    GOALS STANDARD CAMPAIGN MILESTONES POLICY EXAMPLES PROGRAMME DRIVES AWARDS CATEGORIES COLOURS DOCUMENTS
    DATASETS GAPS PATHS STYLES ROLES PLACES OTHER
    """
)
"""What a list may be a list of."""

LEVELS = _words("PROVINCE CITY DISTRICT STREET TOWN COMMUNITY VILLAGE ESTATE BUILDING")
"""The levels of grids."""

REQUEST_KINDS = _words("CONSULTATION HELP COMPLAINT REPORT SUGGESTION PRAISE APPEAL WISH EVENT OTHER")
"""What a request may be."""

CHANNELS = _words(
    """
    HOTLINE_12345 HOTLINE_12319 PHONE MINI_APP MINI_APP_REPORT MINI_APP_DISCUSS MINI_APP_SERVICE QR_CODE VISIT
    GRID_WORKER STATION SENSOR WEB OTHER
    """
)
"""How a request may have come in."""

STATUSES = _words(
    """
    DRAFT RECEIVED NEEDS_INFO REJECTED_SCOPE TRIAGED DISPATCHED SIGNED RETURN_REQUESTED RETURNED IN_PROGRESS
    EXTENSION_REQUESTED HANDLED VERIFIED CALLBACK REWORK MERGED CLOSED ARCHIVED
    """
)
"""Where a request may stand."""

TAKERS = ABILITIES | SIDES | ROLES
"""Who may take a step."""


def instead(word: str, known: Collection[str], *, in_order: bool = False) -> str:
    """What to write instead of a word that is not known. `in_order`: those that are known stand in their own order."""
    names = {one.upper(): one for one in known}
    near = get_close_matches(word.upper(), names, n=1)
    hint = f"Did you mean {names[near[0]]}? " if near else ""
    return f"{hint}Write one of: {', '.join(known if in_order else sorted(known))}."
