"""What came of mails after they left, and the web hooks by which providers tell it."""

from app.services.wording.marking import N_

PROVIDERS = {
    "bounce.hard": N_("there is no such mailbox any more (%(enhanced)s): %(text)s"),
    "bounce.soft": N_("the mailbox could not take it this time (%(enhanced)s): %(text)s"),
    "bounce.policy": N_("their server refused us, no fault of this contact (%(enhanced)s): %(text)s"),
    "bounce.unproven": N_("a message says that it came back, but nothing proves that; nothing follows from it"),
    "suppressed.bounces": N_("mail to this address came back too often"),
    "suppressed.complaint": N_("they called our mail unwanted"),
    "webhook.unknown": N_("there is no such web hook"),
    "webhook.network": N_("it came from a network that is not on the list of this web hook"),
    "webhook.too_large": N_("it was larger than %(most)s bytes"),
    "webhook.not_json": N_("it was not readable as JSON"),
    "webhook.no_proof": N_("it carried no signature or password"),
    "webhook.forged": N_("its signature or password is wrong"),
    "webhook.stale": N_("its time is too far from ours; look at the clock, or somebody repeats an old one"),
    "webhook.repeated": N_("its token was used before for something else"),
    "webhook.topic": N_("it came from a topic that is not on the list of this web hook"),
    "webhook.certificate": N_(
        "it was signed with a certificate that is not installed; `trellis webhooks certificate` takes it"
    ),
    "webhook.provider": N_("“%(provider)s” is no provider we know; known: %(known)s"),
    "webhook.name": N_("a web hook needs a name of 1 to 60 printable signs"),
    "webhook.name_taken": N_("there is a web hook “%(name)s” already"),
    "webhook.not_found": N_("there is no web hook “%(name)s”; `trellis webhooks list` shows all"),
    "webhook.secret_missing": N_("%(provider)s proves itself with %(what)s; give that as the key"),
    "webhook.secret_bad": N_("this is no %(what)s of %(provider)s"),
    "webhook.secret_unwanted": N_("%(provider)s takes a password that is made here; leave the key empty"),
    "webhook.topic_bad": N_("“%(topic)s” is no ARN of an SNS topic, such as arn:aws:sns:eu-west-1:123456789012:bounces"),
    "webhook.topic_missing": N_("name the SNS topics that may tell something"),
    "webhook.network_bad": N_("“%(network)s” is no network; write it as 192.0.2.0/24"),
    "webhook.certificate_bad": N_("this is no certificate in PEM that SNS could sign with: %(why)s"),
    "webhook.only_ses": N_("only web hooks of Amazon SES have certificates and subscriptions"),
    "webhook.nothing_pending": N_("no subscription waits to be confirmed"),
}  # fmt: skip
