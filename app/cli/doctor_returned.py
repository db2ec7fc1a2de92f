"""What `trellis doctor` says of mail that comes back: the mailbox, and the domains it comes to."""

from collections.abc import Iterator

from app.inbound.imap import ImapProblem, Mailbox
from app.services.returned.polling import route_of
from config import Settings

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def findings(settings: Settings) -> Iterator[tuple[str, str, str, str]]:
    """What was looked at, its state (ok / warn / stop), what was found, and the remedy."""
    yield from _domain(settings)
    route = route_of(settings)
    if route is None:
        yield "Mailbox", "ok", "none is read; a mail server may pipe messages into `trellis inbound`", ""
        return
    if route.security == "none" and route.host not in THIS_MACHINE:
        remedy = "Set TRELLIS_IMAP_SECURITY to tls or starttls."
        yield "Mailbox sign-in", "warn", "the password travels in the clear", remedy
    try:
        with Mailbox(route):
            yield "Mailbox", "ok", f"{route.place} answers", ""
    except ImapProblem as problem:
        remedy = (
            "Check TRELLIS_IMAP_HOST, TRELLIS_IMAP_USERNAME, TRELLIS_IMAP_PASSWORD and TRELLIS_IMAP_FOLDER."
        )
        yield "Mailbox", "stop", f"{route.place} cannot be read: {problem}", remedy


def _domain(settings: Settings) -> Iterator[tuple[str, str, str, str]]:
    """Replies to another house's domain look like somebody else's mail."""
    ours = settings.sender_address.rpartition("@")[2].lower()
    for name, domain in (
        ("TRELLIS_REPLY_DOMAIN", settings.reply_domain),
        ("TRELLIS_BOUNCE_DOMAIN", settings.bounce_domain),
    ):
        domain = domain.lower()
        if domain and domain != ours and not domain.endswith(f".{ours}"):
            remedy = f"Set {name} to a domain below {ours}, such as mail.{ours}."
            yield "Way back", "warn", f"{domain} is not below the sender’s domain {ours}", remedy
