"""Broadcasts: how they stand, and why something cannot be done."""

from app.services.wording.marking import N_

BROADCASTS = {
    "broadcast.state.draft": N_("draft"),
    "broadcast.state.freezing": N_("the audience is written down"),
    "broadcast.state.ready": N_("ready to confirm"),
    "broadcast.state.sending": N_("going out"),
    "broadcast.state.paused": N_("paused"),
    "broadcast.state.done": N_("all are queued"),
    "broadcast.state.cancelled": N_("called off"),
    "broadcast.waits": N_("nothing stands in the way"),
    "broadcast.gone": N_("the contact was erased or merged meanwhile"),
    "broadcast.unchecked": N_("the audience is not written down yet; do that first"),
    "broadcast.checking": N_("the audience is being written down; ask again in a moment"),
    "broadcast.no_wall": N_("day, hour and time zone go with a later time, not with “now”"),
    "broadcast.unknown": N_("there is no such broadcast"),
    "broadcast.stale": N_(
        "somebody else changed it meanwhile (now: %(state)s); look at it again, then decide"
    ),
    "broadcast.old": N_("the audience was written down more than a day ago; write it down again first"),
    "broadcast.nobody": N_("nobody of the audience may get this mail; the reasons stand beside"),
    "broadcast.no_why": N_("say why it goes out, for those who look later"),
    "broadcast.no_title": N_("give it a title of up to 200 signs"),
    "broadcast.no_template": N_("choose a published marketing mail"),
    "broadcast.no_segment": N_("choose a segment"),
    "broadcast.no_topic": N_("choose the topic that people consented to"),
    "broadcast.no_time": N_("choose day and hour"),
    "broadcast.no_zone": N_("“%(zone)s” is no time zone; write one such as Europe/Lisbon"),
    "broadcast.past": N_("that hour is past; choose a later one, or “now”"),
    "broadcast.far": N_("that is more than a year ahead; choose an earlier day"),
    "broadcast.no_pace": N_(
        "the pace is a whole number of mails an hour; empty means as fast as they can be sent"
    ),
    "audit.room.broadcast": N_("broadcasts"),
    "audit.broadcast.drafted": N_("broadcast drafted"),
    "audit.broadcast.changed": N_("broadcast changed"),
    "audit.broadcast.frozen": N_("audience of a broadcast written down"),
    "audit.broadcast.confirmed": N_("broadcast confirmed"),
    "audit.broadcast.paused": N_("broadcast paused"),
    "audit.broadcast.resumed": N_("broadcast let go on"),
    "audit.broadcast.cancelled": N_("broadcast called off"),
}
