"""How fast mail leaves, and what asks for less."""

from app.services.wording.marking import N_

PACE = {
    "gate.throttled": N_("its turn at %(provider)s is %(until)s"),
    "gate.throttle_queue": N_("many mails wait for %(provider)s; its turn is looked for again soon"),
    "gate.provider_rests": N_("%(provider)s asked us to slow down; it goes on a little later"),
    "gate.daily_quota": N_("the %(limit)s mails that %(sender)s may send today have left; it goes tomorrow"),
    "gate.warm_up": N_(
        "%(domain)s is new and sends at most %(limit)s mails today, so that providers learn to trust it; it goes tomorrow"
    ),
    "throttle.slowed_down": N_("%(provider)s said to slow down (%(code)s %(enhanced)s): %(text)s"),
    "throttle.trusted": N_("a colleague let it go at the full rate again"),
    "pace.no_provider": N_(
        "“%(provider)s” is no provider; give one of “trellis pace list”, or the domain of a mail host"
    ),
    "pace.no_rate": N_("a rate is a number of mails a minute, above 0 and at most %(most)s"),
    "pace.not_slowed": N_("%(provider)s did not tell %(sender)s to slow down"),
    "pace.no_domain": N_("“%(domain)s” is no domain; give one such as news.example.com"),
    "pace.not_warming": N_("%(domain)s is not being warmed up"),
}
