"""Messages as they come back: a mail server's report, a provider's complaint, a reader's letter. Bytes, as from outside."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from app.demo.cast import Person
from app.demo.mailbox import Mail

_HARD = ("5.1.1", "550 5.1.1 <{}>: Recipient address rejected: User unknown")
_SOFT = ("4.2.2", "452 4.2.2 <{}>: Mailbox full")
_RELAY = "mx.relay.example"


def report(mail: Mail, at: datetime, *, hard: bool) -> bytes:
    """A delivery status notification in the shape of RFC 3464, to the mail's own return address."""
    status, said = _HARD if hard else _SOFT
    text = said.format(mail.to)
    head = mail.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("utf-8", "replace")
    mark = f"{int(at.timestamp())}/{_RELAY}"
    return f"""\
Return-Path: <>
Date: {format_datetime(at)}
From: MAILER-DAEMON@{_RELAY} (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {mail.envelope_from}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="{mark}"
Message-Id: <{int(at.timestamp() * 1000)}@{_RELAY}>

--{mark}
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host {_RELAY}. Your message could not be delivered.

<{mail.to}>: {text}

--{mark}
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; {_RELAY}
Arrival-Date: {format_datetime(mail.at)}

Final-Recipient: rfc822; {mail.to}
Action: failed
Status: {status if hard else "5.2.2"}
Remote-MTA: dns; mx.{mail.to.rpartition("@")[2]}
Diagnostic-Code: smtp; {text}

--{mark}
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

{head}

--{mark}--
""".replace("\n", "\r\n").encode()


def complaint(mail: Mail, at: datetime) -> bytes:
    """A complaint as providers forward it (RFC 5965), with our mail inside and its recipient left out."""
    original = mail.raw.replace(b"\r\n", b"\n").decode("utf-8", "replace")
    return f"""\
Date: {format_datetime(at)}
From: feedback@{_RELAY}
Subject: Complaint about a message
To: {mail.envelope_from}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="feedback"
Message-Id: <complaint-{int(at.timestamp())}@{_RELAY}>

--feedback
Content-Type: text/plain; charset=us-ascii

This is an email abuse report for a message received by one of our users.

--feedback
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Loop/1.0
Version: 1
Source-IP: 192.0.2.25

--feedback
Content-Type: message/rfc822
Content-Disposition: inline

{original}

--feedback--
""".replace("\n", "\r\n").encode()


def reply(person: Person, mail: Mail, text: str, at: datetime, *, automatic: bool = False) -> bytes:
    """What somebody writes back, to the address that the mail names for it."""
    letter = EmailMessage(policy=SMTP)
    letter["From"] = formataddr((f"{person.first_name} {person.last_name}", person.email))
    letter["To"] = mail.reply_to
    letter["Subject"] = f"{'Auto: ' if automatic else 'Re: '}{mail.subject}"
    letter["Date"] = format_datetime(at)
    letter["Message-ID"] = f"<{int(at.timestamp() * 1000)}.{person.number}@{person.email.rpartition('@')[2]}>"
    letter["In-Reply-To"] = mail.message_id
    letter["References"] = mail.message_id
    if automatic:
        letter["Auto-Submitted"] = "auto-replied"
    quoted = "" if automatic else f"\n\nOn {mail.at:%d %b %Y}, {mail.sender} wrote:\n> {mail.subject}\n"
    letter.set_content(text + quoted)
    return letter.as_bytes()
