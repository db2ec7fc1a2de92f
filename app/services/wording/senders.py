"""Senders: what is wrong with one and what to do, why one is held, and what the large providers want."""

from app.services.wording.marking import N_

SENDERS = {
    # Why mail of a sender waits. Each says what to do.
    "sender.paused": N_("the relay refused %(sender)s (%(code)s: %(text)s); it is tried again by itself"),
    "sender.no_host": N_("there is no host of the relay’s name (%(text)s); check its name and the DNS"),
    "sender.refused": N_("nobody listens at the relay’s port; check host and port, and whether the relay runs"),
    "sender.unreachable": N_("the relay cannot be reached (%(text)s); check the network and the firewall"),
    "sender.silent": N_("the relay does not answer; check host and port, and that the firewall lets them through"),
    "sender.hung_up": N_("the relay hung up before a mail was named (%(text)s); look into its log"),
    "sender.no_smtp": N_(
        "what answers is no mail server (%(text)s); check the port, and use tls for one that is secured at once"
    ),
    "sender.busy": N_("the relay is busy (%(code)s: %(text)s); it is tried again by itself"),
    "sender.turned_away": N_("the relay turns us away (%(code)s: %(text)s); ask whoever runs it to let this machine in"),
    "sender.certificate": N_(
        "the relay’s certificate does not hold (%(text)s); use the name it was made for, or give its own authority"
    ),
    "sender.no_tls": N_(
        "the relay does not offer STARTTLS, or somebody on the way cut it out; nothing was sent in the clear"
    ),
    "sender.tls": N_("the line to the relay could not be secured (%(text)s); it must speak TLS 1.2 or newer"),
    "sender.clear": N_("the line is not secured, so the password was not sent; set the security to starttls or tls"),
    "sender.no_auth": N_("the relay offers no way to sign in (%(text)s); remove the user name, or secure the line"),
    "sender.password": N_("the relay does not know this user name or password (%(code)s: %(text)s); enter them again"),
    "sender.mail_from": N_(
        "the relay does not let %(sender)s send (%(code)s: %(text)s); have the address or its domain confirmed there"
    ),
    "sender.sign_in_first": N_("the relay wants a sign-in first (%(code)s: %(text)s); enter user name and password"),
    "sender.policy": N_(
        "mail from %(sender)s is refused for its sender or text (%(code)s: %(text)s); look at SPF, DKIM and blocklists"
    ),
    "sender.held": N_("a colleague holds the sender: %(why)s"),
    "sender.resumed": N_("a colleague let the sender go on: %(why)s"),
    "sender.breaker_hard": N_(
        "%(hit)s of the last %(contacts)s people have no such mailbox (%(percent)s %%, at most %(most)s %%); check where their addresses come from"
    ),
    "sender.breaker_policy": N_(
        "the servers of %(hit)s of the last %(contacts)s people refused us (%(percent)s %%, at most %(most)s %%); look at SPF, DKIM and blocklists"
    ),
    "sender.breaker_complaint": N_(
        "%(hit)s of the last %(contacts)s people called it spam (%(percent)s %%, at most %(most)s %%); look at whom you write to and why"
    ),
    "sender.breaker_again": N_("the mails that went out to see were refused again; a few more may try %(until)s"),
    "sender.probing": N_("a few mails go out to see whether the cause is gone; what becomes of them decides"),
    "sender.breaker_closed": N_("%(contacts)s mails went well again"),
    # Why a sender cannot be as it was entered.
    "senders.unknown": N_("there is no sender %(address)s; `trellis senders list` shows all"),
    "senders.taken": N_("there is a sender %(address)s already; change that one"),
    "senders.served": N_("%(match)s is served by %(address)s already; one is enough"),
    "senders.no_address": N_("the address is missing; mail comes from it"),
    "senders.no_match": N_("say whom it serves: an owner’s address, a domain, or a purpose"),
    "senders.purpose": N_("“%(value)s” is no purpose; known: %(known)s"),
    "senders.choice": N_("“%(value)s” is not known; known: %(known)s"),
    "senders.number": N_("“%(name)s” is a whole number from %(least)s to %(most)s"),
    "senders.text": N_("“%(name)s” is longer than %(most)s signs or has line breaks or control signs; shorten or clean it"),
    "senders.host": N_("“%(value)s” is no name of a host or domain"),
    "senders.region": N_("put the region of your account for the part in braces of %(value)s, such as eu-west-1"),
    "senders.ca": N_("this holds no certificate; paste the text from BEGIN CERTIFICATE to END CERTIFICATE"),
    "senders.clear": N_("a password would travel in the clear to %(host)s; take starttls or tls"),
    "senders.no_host_for_user": N_("a user name needs a relay of its own; give its host"),
    "senders.no_username": N_("a password needs a user name"),
    "senders.password_again": N_("for the new host %(host)s enter the password again; the old one is not sent there"),
    "senders.domain_apart": N_("%(value)s is not below %(domain)s; recipients’ servers would doubt the mail"),
    "senders.why_missing": N_("a few words on why are needed; whoever finds it so needs to know"),
    "senders.no_recipient": N_("“%(value)s” is no address a test mail can go to"),
    # What is worth knowing of a provider.
    "preset.plain": N_("Any SMTP relay: your own, or one that is not in this list."),
    "preset.ses": N_(
        "User name and password are SMTP credentials made in the SES console, not the access keys. A new account is in the sandbox: 200 mails a day, one a second, to confirmed addresses only. Put the region into the host."
    ),
    "preset.postmark": N_(
        "User name and password are both the server’s API token. Use the token of a broadcast stream for newsletters and smtp-broadcasts.postmarkapp.com for them."
    ),
    "preset.mailgun": N_(
        "The user name is an SMTP user of the domain, such as postmaster@mg.example.com. Accounts in Europe use smtp.eu.mailgun.org."
    ),
    "preset.sendgrid": N_("The user name is the word apikey, the password an API key that may send mail."),
    "preset.brevo": N_(
        "The user name is the login shown under SMTP and API, the password an SMTP key. The free plan takes 300 mails a day."
    ),
    "serves.owner": N_("mail of contacts that %(match)s owns"),
    "serves.domain": N_("mail of owners at %(match)s"),
    "serves.purpose": N_("%(match)s mail of contacts without such an owner"),
}  # fmt: skip
