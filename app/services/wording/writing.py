"""Texts written in the browser: what cannot be done and why, and what a change of a sequence touches."""

from app.services.wording.marking import N_

WRITING = {
    "draft.too_long": N_("This text is longer than %(most)s kB. Split it in two."),
    "draft.in_the_way": N_(
        "%(who)s has a draft here that says something else. Publish or drop it first, then take the older version."
    ),
    "draft.name_taken": N_("There is “%(key)s” already. Take another name."),
    "draft.no_name.sequence": N_(
        "This cannot be a name. Use small letters, digits and dashes, such as spring-guide."
    ),
    "draft.no_name.template": N_(
        "This cannot be a name. Write a folder and a name in small letters, digits and dashes, such as discovery/spring."
    ),
    "draft.no_locale": N_("“%(locale)s” is no language. Write it as it or pt-BR."),
    "draft.locales_full": N_("A mail has at most %(most)s languages."),
    "draft.locale_there": N_("“%(locale)s” is there already. Open it and write there."),
    "draft.unknown": N_("There is no “%(key)s” any more. Somebody dropped it meanwhile."),
    "draft.put_away": N_("This was put away. Bring it back first."),
    "draft.behind": N_(
        "Version %(number)s was published since this draft was begun with version %(base)s. Look at both, then keep one."
    ),
    "draft.changed": N_("Somebody changed this meanwhile. What is shown now is how it stands."),
    "draft.saved_by": N_("%(who)s saved this draft meanwhile. What is shown now is how it stands."),
    "draft.refused": N_("Nothing was published: %(why)s"),
    "draft.not_running": N_("This sequence does not run at present: let it go on first."),
    "draft.unconfirmed": N_(
        "Say that the extra mail is wanted, or let the people inside stay on their version."
    ),
    "draft.why_missing": N_("Say why in a few words: others will ask."),
    "draft.way_missing": N_("Say what becomes of the mails that should have left."),
    "draft.too_many": N_(
        "More than %(most)s people are inside. Let them go on to their end; nobody new comes in."
    ),
    "draft.test_elsewhere": N_(
        "A test to somebody else needs the right to send. Send it to yourself, or ask an admin."
    ),
    "draft.not_sent": N_("The test was not taken: %(why)s"),
    "draft.no_reader": N_("There is nobody with this address among the contacts."),
    "draft.not_rendered": N_("This mail cannot be written for them: %(why)s."),
    "exit.retired": N_("the sequence was retired: %(why)s"),
    "left.exit.retired": N_("taken out when the sequence was retired"),
    "change.title": N_("title"),
    "change.for": N_("stage"),
    "change.topic": N_("topic"),
    "change.enter": N_("who enters"),
    "change.again": N_("who may enter again"),
    "change.priority": N_("priority"),
    "change.window, caps and lateness": N_("window, caps and lateness"),
    "change.goal": N_("goal"),
    "change.exit": N_("who leaves early"),
    "change.preset": N_("preset"),
    "change.*": N_("%(member)s"),
}
