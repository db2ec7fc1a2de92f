"""Accounts: what cannot be done and why, the states of colleagues and invitations, and the acts of the audit log."""

from app.services.wording.marking import N_

ACCOUNTS = {
    "account.has_account": N_("%(email)s has an account already; it stands in the list above"),
    "account.invited_already": N_("%(email)s is invited already; send that invitation again instead"),
    "account.away_unreadable": N_("write the day they are back, such as 2026-11-30"),
    "account.away_when": N_("choose a day that is still to come, two years ahead at most"),
    "account.stale": N_("somebody changed this account meanwhile; what is shown now is how it stands"),
    "account.gone": N_("this invitation was taken up or back meanwhile"),
    "account.state.active": N_("active"),
    "account.state.new": N_("has a one-time password"),
    "account.state.locked": N_("rests after wrong tries"),
    "account.state.disabled": N_("shut out"),
    "account.role.admin": N_("Admin"),
    "account.role.marketer": N_("Marketer"),
    "account.role.sales": N_("Sales"),
    "account.role.viewer": N_("Viewer"),
    "account.can.admin": N_("everything: colleagues, senders, suppressions, settings"),
    "account.can.marketer": N_("looks at everything, checks what is to be sent"),
    "account.can.sales": N_("looks at everything, gives returned mail to contacts"),
    "account.can.viewer": N_("looks on only"),
    "second_step.there": N_("You have a second step already. Turn it off before you set up another."),
    "second_step.stale": N_("This was set up or changed meanwhile. What is shown now is how it stands."),
    "second_step.first_wrong": N_(
        "This code does not fit. Check that the phone’s clock is right, and take the next one."
    ),
    "second_step.required": N_("Everybody needs a second step here. Ask an admin."),
    "invitation.due": N_("its mail is on the way"),
    "invitation.sent": N_("mailed"),
    "invitation.failed": N_("the mail was not taken"),
    "invitation.over": N_("the link has ended"),
}
