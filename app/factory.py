"""Wiring: the one place that knows every concrete thing a process is made of."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from flask import Flask, g, request
from flask_babel import Babel
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from app.inbound.link_maps import LinkMaps
from app.inbound.spool import Spool
from app.services.world import World, open_world
from app.store.caught import CaughtMails
from app.store.database import Database
from app.web.admins.catcher import catcher
from app.web.admins.deliveries import deliveries
from app.web.admins.health import health
from app.web.admins.returned import returned
from app.web.admins.senders import senders
from app.web.admins.sending import sending
from app.web.admins.suppressions import suppressions
from app.web.admins.truths import truths
from app.web.admins.webhooks import webhooks
from app.web.incoming import add_incoming
from app.web.marketers.contacts import contacts
from app.web.marketers.sequences import sequences
from app.web.marketers.today import today
from app.web.recipients import add_recipients
from app.web.shared.account import account, chosen_theme
from app.web.shared.context import NAME, Web, user_or_none, web
from app.web.shared.errors import add_error_pages
from app.web.shared.headers import add_headers
from app.web.shared.looks import add_looks, locale
from app.web.shared.session import guard
from config import Settings

SHARED = Path(__file__).resolve().parent / "web" / "shared"
TRANSLATIONS = Path(__file__).resolve().parent / "translations"
BLUEPRINTS = (
    account, today, contacts, sequences, catcher, health, sending, senders, webhooks, returned, deliveries, suppressions, truths,
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
) -> Flask:
    """The web face of one installation. What is not given is opened as the settings say.

    The spool and the link maps of this process stand in `extensions` as `spool` and `link_maps`.
    """
    app = Flask("app", static_folder=str(SHARED / "static"), template_folder=str(SHARED / "templates"))
    secrets = settings.keys()
    keys = [blake2b(secret, person=b"trellis.web").hexdigest() for secret in secrets]
    app.config.update(
        SECRET_KEY=keys[0],
        SECRET_KEY_FALLBACKS=keys[1:],
        SESSION_COOKIE_NAME="trellis_form",
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
    wired = Web(database, settings, clock, caught)
    app.extensions[NAME] = wired
    # Order matters: who is asking is known before a form's proof is looked at.
    guard(app)
    CSRFProtect(app)
    Babel(app, locale_selector=_locale)
    add_headers(app)
    add_error_pages(app)
    add_looks(app)
    app.context_processor(_everywhere)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    spool, links = Spool(settings.data_dir / "spool"), LinkMaps(settings.data_dir / "links")
    app.extensions.update(spool=spool, link_maps=links)
    # Opened when a page first needs it: a redirect works while there is no database.
    add_recipients(
        app, settings, spool, links, lambda: world or open_world(database, wired.workspace_id, settings)
    )
    add_incoming(app)
    return app


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
    }
