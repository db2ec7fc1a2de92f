"""What is told of programs that come in by the API."""

from app.services.wording.marking import N_

API = {
    "token.name": N_(
        "the name is empty, longer than %(most)s signs or has control signs; say which program it is for"
    ),
    "token.scope": N_("there is no scope “%(scope)s”; known: %(known)s"),
    "token.no_scope": N_("no scope is chosen; without one a token opens nothing"),
    "token.days": N_("a token lasts between 1 and %(most)s days, or until it is revoked"),
    "token.unknown": N_("there is no such token, or it was revoked before; `trellis tokens list` shows all"),
    "token.gone": N_("there is no such token, or it was revoked before; look at the list below"),
    "once.at_work": N_("the same request is still at work; ask again in a moment"),
    "once.other_request": N_("this Idempotency-Key was used for another request today; take a new one"),
    "token.scope.contacts.read": N_("find contacts and read what is known of them"),
    "token.scope.contacts.write": N_("add contacts and change them, one by one or in batches"),
    "token.scope.contacts.privacy": N_("take everything known of a contact along, and erase them"),
    "token.scope.companies.read": N_("read companies"),
    "token.scope.companies.write": N_("make companies and change what is known of them"),
    "token.scope.events.write": N_("tell what happened elsewhere"),
    "token.scope.enrollments.read": N_("see who is in which sequence"),
    "token.scope.enrollments.write": N_("take contacts into sequences and out of them"),
    "token.scope.deliveries.read": N_("see mails and what became of them"),
    "token.scope.suppressions.read": N_("see who gets no mail and why"),
    "token.scope.suppressions.write": N_("stop mail to somebody, and lift that again"),
    "token.scope.tasks.read": N_("see tasks"),
    "token.scope.tasks.write": N_("mark tasks as done"),
    "token.scope.programme.read": N_("read sequences, templates, segments and topics"),
    "token.scope.broadcasts.read": N_("see broadcasts and what came of them"),
    "token.scope.broadcasts.write": N_("draft broadcasts, change them and count their audience"),
    "token.scope.broadcasts.send": N_("let broadcasts go out, pause them and call them off"),
    "token.may_not_send": N_(
        "who made this token has no right to send any more; somebody who has it makes a new one"
    ),
}
