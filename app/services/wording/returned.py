"""What came back by mail, and what came of it."""

from app.services.wording.marking import N_

RETURNED = {
    "returned.waits": N_("it waits to be read"),
    "returned.bounce_hard": N_("there is no such mailbox; written down on the contact"),
    "returned.bounce_soft": N_("not taken for now; several of these add up"),
    "returned.bounce_policy": N_("refused for what was sent or from where, no fault of the contact"),
    "returned.complaint": N_("called unwanted; all marketing to them is stopped"),
    "returned.known": N_("it told what was known already"),
    "returned.delay": N_("not delivered yet, the server at the other end goes on trying"),
    "returned.delay_of_nobody": N_("a delay of a mail that is not ours"),
    "returned.auto_reply": N_("an automatic answer, which changes nothing"),
    "returned.away": N_("an automatic answer: they are away, and name %(back)s"),
    "returned.auto_reply_of_nobody": N_("an automatic answer to a mail that is not ours"),
    "returned.reply": N_("the contact wrote back"),
    "returned.by_subject": N_(
        "sender and subject fit a mail of ours; nothing proves it, so it moved nothing"
    ),
    "returned.leaves": N_("they ask for no more mail; all marketing to them is stopped"),
    "returned.gone": N_("the contact is not here any more"),
    "returned.nobody": N_("nothing in it leads to a mail of ours"),
    "returned.unproven": N_("it names a contact, but nothing proves that it is about a mail of ours"),
    "returned.internal": N_("a mail to one of us came back; check the colleague’s address"),
    "returned.from_colleague": N_("one of us answered a mail that Trellis sent them"),
    "returned.colleague_away": N_("an automatic answer to a mail that one of us got"),
    "returned.unread": N_("it could not be understood"),
    "returned.failed": N_("it could not be worked in (%(error)s); `trellis inbound replay` tries again"),
    "returned.dismissed": N_("put aside by a colleague: %(why)s"),
    "returned.unknown": N_("there is no message %(message)s, or its text is not kept any more"),
    "returned.not_open": N_(
        "the message %(message)s waits for nobody; only what is kept for review can be settled"
    ),
    "returned.mailbox": N_("the mailbox %(place)s could not be read: %(error)s"),
    "returned.mailbox_gap": N_(
        "%(count)s messages of the mailbox %(place)s could not be fetched; they are still there"
    ),
    "returned.state.new": N_("waits"),
    "returned.state.read": N_("read"),
    "returned.state.review": N_("for review"),
    "returned.state.failed": N_("failed"),
    "returned.state.dismissed": N_("put aside"),
    "returned.tab.new": N_("Not read yet"),
    "returned.tab.read": N_("Read"),
    "returned.tab.review": N_("For review"),
    "returned.tab.failed": N_("Failed"),
    "returned.tab.dismissed": N_("Put aside"),
    "returned.class.hard": N_("for good"),
    "returned.class.soft": N_("for now"),
    "returned.class.policy": N_("by policy"),
    "returned.what.bounce": N_("Bounce"),
    "returned.what.complaint": N_("Complaint"),
    "returned.what.delay": N_("Delay"),
    "returned.what.reply": N_("Reply"),
    "returned.what.auto-reply": N_("Automatic answer"),
    "returned.what.none": N_("Not understood"),
    "returned.by.sealed": N_("by the token in the address it came to"),
    "returned.by.thread": N_("by the mail it answers"),
    "returned.by.original": N_("by the mail it quotes"),
    "returned.by.subject": N_("by sender and subject alone"),
    "returned.by.address": N_("by an address alone"),
    "returned.by.person": N_("by a colleague"),
}
