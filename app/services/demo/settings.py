"""The settings of the demo: those of the installation, but for everything by which it could meet real data."""

from app.store.views.programme import DEMO_JOBS as JOBS
from config import Settings

__all__ = ["FOLDER", "JOBS", "PATH", "demo_settings"]

FOLDER = "demo"  # below the data folder: spool, journal, link maps, caught mails, keys
PATH = "/demo"  # below the public address
REPLIES = "re.halden.example"


def demo_settings(settings: Settings) -> Settings:
    """Its mail goes to a catcher of its own, whatever relay the installation has; no mailbox is read.

    It speaks as the sample company, so that no made-up person stands beside a real sender.
    """
    sample = Settings.model_fields
    spoken = (
        "sender_name", "sender_address", "brand_name", "brand_legal_name", "brand_postal_address", "brand_home",
        "default_locale", "default_zone", "default_country", "tracking", "hits_days",
    )  # fmt: skip
    return settings.model_copy(
        update={
            **{name: sample[name].default for name in spoken},
            "database_url": settings.url_of_database,
            "data_dir": settings.data_dir / FOLDER,
            "base_url": settings.public_url + PATH,
            "secret_key": "",
            "retired_keys": [],
            "encryption_keys": [],
            "smtp_host": "",
            "smtp_username": "",
            "smtp_password": "",
            "smtp_connections": 1,
            "catcher_port": 0,
            "imap_host": "",
            "bounce_domain": "",
            "reply_domain": REPLIES,
            "lifecycle_preset": "",
            "broker_url": "",
            "web_hooks_to_this_machine": False,
            "inbound_keep_days": 365,
        }
    )
