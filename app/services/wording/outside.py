"""What goes to and comes from other systems, and the people who work here."""

from app.services.wording.marking import N_

OUTSIDE = {
    "hook.done": N_("%(to)s took it (%(status)s)"),
    "hook.refused": N_(
        "%(to)s refused it for good (%(status)s); mend the receiver or the step, then replay it"
    ),
    "hook.not_now": N_("%(to)s could not take it (%(status)s); next try %(until)s"),
    "hook.redirected": N_(
        "%(to)s points elsewhere (%(status)s), and a web hook follows nobody; write the new address in the step; next try %(until)s"
    ),
    "hook.timed_out": N_("%(to)s did not answer in time; next try %(until)s"),
    "hook.no_connection": N_("%(to)s could not be reached (%(error)s); next try %(until)s"),
    "hook.no_such_host": N_("there is no host %(to)s (%(error)s); next try %(until)s"),
    "hook.certificate": N_("the certificate of %(to)s does not hold (%(error)s); next try %(until)s"),
    "hook.gave_up": N_("tried %(attempts)s times in vain; `trellis hooks replay` tries again"),
    "hook.address": N_("the address of the web hook is no https address; write it in full"),
    "hook.not_https": N_("a web hook goes to an https address"),
    "hook.closed_network": N_("%(to)s is on a private network or this machine, where no web hook goes"),
    "hook.too_large": N_("what was to be told is larger than 64 kB"),
    "hook.replayed": N_("a colleague has it tried again"),
    "event.kind": N_("“%(kind)s” is no kind of event; known: %(known)s, or your own as custom:<name>"),
    "event.verdict": N_("“%(verdict)s” is no verdict; known: %(known)s"),
    "event.no_time": N_("“%(value)s” is no time; write it as 2026-11-24T10:00:00Z"),
    "event.no_zone": N_("the time %(value)s names no zone; put Z or an offset such as +01:00 behind it"),
    "event.future": N_("%(at)s is still to come (it is %(now)s); look at the clock that told it"),
    "event.too_old": N_("%(at)s is before the year 2000; check the year"),
    "event.topics": N_("topics are a list of at most %(most)s words without commas or per cent signs"),
    "event.text": N_("“%(name)s” is longer than %(most)s signs or holds control signs; shorten or clean it"),
    "event.data": N_("the data is no JSON object of at most %(most)s bytes without NUL signs; send less"),
    "event.key_taken": N_(
        "this key was used at the same moment for another contact or kind (%(kind)s); give each event its own key"
    ),
    "event.line_too_long": N_("the line is longer than %(most)s bytes; one event a line"),
    "event.not_json": N_("the line is no JSON object (%(error)s); one event a line"),
    "event.member": N_("“%(name)s” is not part of an event; known: %(known)s"),
    "event.missing": N_("“%(name)s” is missing or empty; each line needs contact, kind and at"),
    "event.no_text": N_("“%(name)s” is no text; put it in quotes"),
    "stage.by_person": N_("a colleague said so: %(why)s"),
    "stage.leap_by_person": N_("a colleague said so, past the ways the lifecycle declares: %(why)s"),
    "stage.word_unknown": N_("there is no stage “%(word)s”; known: %(known)s"),
    "stage.why_missing": N_("a move by hand needs a reason"),
    "account.role": N_("“%(role)s” is no role; known: %(known)s"),
    "account.no_name": N_("the name is empty; mails go out under it"),
    "account.taken": N_("%(email)s has an account already; `trellis users change` changes it"),
    "account.unknown": N_("there is no user %(email)s; `trellis users list` shows all"),
    "account.disabled": N_("%(email)s is shut out; `trellis users enable` comes first"),
    "account.viewer_rights": N_("a viewer looks on only; give another role to let them publish or send"),
    "account.last_admin": N_("%(email)s is the last admin who can sign in; make another one first"),
    "account.text": N_(
        "“%(name)s” is longer than %(most)s signs, or has line breaks or control signs; shorten or clean it"
    ),
}
