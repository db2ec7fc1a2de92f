"""Wiring: the one place that knows every concrete thing a process is made of."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from uuid import UUID

from flask import Flask, g, request
from flask_babel import Babel
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from app.inbound.link_maps import LinkMaps
from app.inbound.spool import Spool
from app.services import demo
from app.services.world import World, open_world
from app.store.caught import CaughtMails
from app.store.database import Database
from app.web.admins.audit import audit
from app.web.admins.catcher import catcher
from app.web.admins.colleagues import colleagues
from app.web.admins.deliveries import deliveries
from app.web.admins.fields import fields
from app.web.admins.health import health
from app.web.admins.keys import keys
from app.web.admins.outgoing import outgoing
from app.web.admins.returned import returned
from app.web.admins.senders import senders
from app.web.admins.sending import sending
from app.web.admins.settings import settings as settings_pages
from app.web.admins.suppressions import suppressions
from app.web.admins.tokens import tokens
from app.web.admins.truths import truths
from app.web.admins.webhooks import webhooks
from app.web.api import ApiDoor, make_api
from app.web.incoming import add_incoming
from app.web.marketers.acting import acting
from app.web.marketers.adding import adding
from app.web.marketers.assigning import assigning
from app.web.marketers.broadcasts import broadcasts
from app.web.marketers.checking import checking
from app.web.marketers.companies import companies
from app.web.marketers.contact import contact
from app.web.marketers.contacts import contacts
from app.web.marketers.imports import imports
from app.web.marketers.library import library
from app.web.marketers.merging import merging
from app.web.marketers.rules import rules
from app.web.marketers.segments import segments
from app.web.marketers.sequences import sequences
from app.web.marketers.templates import templates
from app.web.marketers.today import today
from app.web.marketers.views import views
from app.web.recipients import add_recipients
from app.web.sales.talks import talks
from app.web.sales.tasks import tasks
from app.web.shared.account import account, chosen_theme
from app.web.shared.context import NAME, Web, user_or_none, web
from app.web.shared.demo_door import DemoDoor
from app.web.shared.entry import entry
from app.web.shared.errors import add_error_pages
from app.web.shared.headers import add_headers
from app.web.shared.htmx import add_htmx
from app.web.shared.looks import add_looks, locale
from app.web.shared.own import own
from app.web.shared.session import guard, real_root
from config import Settings

SHARED = Path(__file__).resolve().parent / "web" / "shared"
TRANSLATIONS = Path(__file__).resolve().parent / "translations"
BLUEPRINTS = (
    account, entry, own, colleagues, audit, tokens, today, acting, views, adding, contacts, imports, contact, sequences, templates, library, checking, catcher, health, sending, senders, keys, webhooks, returned, deliveries, suppressions, truths, settings_pages, fields, tasks, segments, rules, assigning,
    companies,
    talks,
    broadcasts,
    outgoing,
    merging,
)  # fmt: skip
LARGEST_REQUEST = 1_000_000
# The team's pages are written in English so far; the recipients' pages speak every language there is a catalogue of.
TEAM_LANGUAGES = ("en",)


def _clock() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    database: Database | None = None,
    caught: CaughtMails | None = None,
    clock: Callable[[], datetime] = _clock,
    world: World | None = None,
    is_demo: bool = False,
) -> Flask:
    """The web face of one installation, with that of its demo below it. What is not given is opened as the
    settings say; `is_demo`: these pages are those of the demo themselves.

    The spool and the link maps of this process stand in `extensions` as `spool` and `link_maps`.
    """
    app = Flask("app", static_folder=str(SHARED / "static"), template_folder=str(SHARED / "templates"))
    secrets = settings.keys()
    keys = [blake2b(secret, person=b"trellis.web").hexdigest() for secret in secrets]
    app.config.update(
        SECRET_KEY=keys[0],
        SECRET_KEY_FALLBACKS=keys[1:],
        SESSION_COOKIE_NAME="trellis_form_demo" if is_demo else "trellis_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.cookie_secure,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session it belongs to
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
        BABEL_DEFAULT_LOCALE=settings.default_locale,
        BABEL_TRANSLATION_DIRECTORIES=str(TRANSLATIONS),
    )
    if caught is None and settings.uses_catcher:
        caught = CaughtMails(settings.data_dir / "caught.db")
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    database = database or (world.database if world is not None else Database(settings.url_of_database))
    wired = Web(
        database, settings, clock, caught, world.workspace_id if world is not None else None, is_demo, world
    )
    app.extensions[NAME] = wired
    # Order matters: who is asking is known before a form's proof is looked at.
    guard(app)
    CSRFProtect(app)
    Babel(app, locale_selector=_locale)
    add_headers(app)
    add_error_pages(app)
    add_looks(app)
    add_htmx(app)
    app.context_processor(_everywhere)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    spool, links = Spool(settings.data_dir / "spool"), LinkMaps(settings.data_dir / "links")
    app.extensions.update(spool=spool, link_maps=links)
    # Opened when a page first needs it: a redirect works while there is no database.
    add_recipients(app, settings, spool, links, lambda: wired.world)
    add_incoming(app)
    if not is_demo:
        _open_api_door(app, wired)
        _open_demo_door(app, settings, database, clock)
    return app


def _open_api_door(app: Flask, wired: Web) -> None:
    """Tokens are those of the real workspace, so the demo has no API."""
    api = make_api(wired)
    app.extensions["api"] = api
    app.wsgi_app = ApiDoor(app.wsgi_app, api)  # type: ignore[method-assign]


def _open_demo_door(
    app: Flask, settings: Settings, database: Database, clock: Callable[[], datetime]
) -> None:
    """The demo's pages come and go with it, in every process that serves pages."""

    def show(workspace_id: UUID) -> Flask:
        apart = demo.demo_settings(settings)
        return create_app(
            apart, database, None, clock, open_world(database, workspace_id, apart), is_demo=True
        )

    app.wsgi_app = DemoDoor(app.wsgi_app, lambda: demo.workspace_of(database), show)  # type: ignore[method-assign]


def _locale() -> str:
    """The user's language, else the best of the browser's, else the installation's."""
    user = user_or_none()
    if user and user.locale:
        return user.locale
    found = request.accept_languages.best_match(TEAM_LANGUAGES)
    return found or web().settings.default_locale


def _everywhere() -> dict[str, object]:
    return {
        "user": g.get("user"),
        "theme": chosen_theme(),
        "brand": web().settings.brand_name,
        "has_catcher": web().caught is not None,
        "locale": locale(),
        "demo": _demo(),
    }


def _demo() -> dict[str, object]:
    """`here`: these are the demo's pages; `at` is the way to the other ones, empty where there are none."""
    if web().is_demo:
        return {"here": True, "at": f"{real_root()}/"}
    there = g.get("user") is not None and demo.workspace_of(web().database) is not None
    return {"here": False, "at": f"{request.script_root}{demo.PATH}/" if there else ""}
