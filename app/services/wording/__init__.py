"""The English sentences by code, one file a room. `N_` marks them for the translators' catalogue."""

from app.services.wording.accounts import ACCOUNTS
from app.services.wording.api import API
from app.services.wording.audit import AUDIT
from app.services.wording.broadcasts import BROADCASTS
from app.services.wording.by_hand import BY_HAND
from app.services.wording.changes import CHANGES
from app.services.wording.companies import COMPANIES
from app.services.wording.conditions import CONDITIONS
from app.services.wording.domains import DOMAINS
from app.services.wording.engine import ENGINE
from app.services.wording.fields import FIELDS
from app.services.wording.foot import FOOT
from app.services.wording.gate_fine import GATE_FINE
from app.services.wording.hooks import HOOKS
from app.services.wording.mail import MAIL
from app.services.wording.outside import OUTSIDE
from app.services.wording.pace import PACE
from app.services.wording.pages import PAGES
from app.services.wording.persons import PERSONS
from app.services.wording.providers import PROVIDERS
from app.services.wording.returned import RETURNED
from app.services.wording.routes import ROUTES
from app.services.wording.rules import RULES
from app.services.wording.segments import SEGMENTS
from app.services.wording.senders import SENDERS
from app.services.wording.story import STORY
from app.services.wording.suppressed import SUPPRESSED
from app.services.wording.today import TODAY
from app.services.wording.truths import TRUTHS
from app.services.wording.writing import WRITING

WORDING = {
    **ACCOUNTS,
    **API,
    **AUDIT,
    **CHANGES,
    **COMPANIES,
    **CONDITIONS,
    **DOMAINS,
    **ENGINE,
    **FIELDS,
    **HOOKS,
    **MAIL,
    **PACE,
    **PAGES,
    **STORY,
    **SUPPRESSED,
    **TODAY,
    **TRUTHS,
    **FOOT,
    **GATE_FINE,
    **OUTSIDE,
    **BY_HAND,
    **PERSONS,
    **PROVIDERS,
    **RETURNED,
    **ROUTES,
    **SEGMENTS,
    **RULES,
    **BROADCASTS,
    **SENDERS,
    **WRITING,
}
