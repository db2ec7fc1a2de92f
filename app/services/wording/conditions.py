"""Conditions leaf by leaf."""

from app.services.wording.marking import N_

_COMPARED = {
    "is": (N_("“%(field)s” is %(value)s"), N_("the answer about “%(answer)s” is %(value)s"),
        N_("%(score)s is %(value)s"), N_("interest in “%(interest)s” is %(value)s")),
    "is_not": (N_("“%(field)s” is not %(value)s"), N_("the answer about “%(answer)s” is not %(value)s"),
        N_("%(score)s is not %(value)s"), N_("interest in “%(interest)s” is not %(value)s")),
    "one_of": (N_("“%(field)s” is one of %(values)s"), N_("the answer about “%(answer)s” is one of %(values)s"),
        N_("%(score)s is one of %(values)s"), N_("interest in “%(interest)s” is one of %(values)s")),
    "none_of": (N_("“%(field)s” is none of %(values)s"), N_("the answer about “%(answer)s” is none of %(values)s"),
        N_("%(score)s is none of %(values)s"), N_("interest in “%(interest)s” is none of %(values)s")),
    "at_least": (N_("“%(field)s” is at least %(value)s"), N_("the answer about “%(answer)s” is at least %(value)s"),
        N_("%(score)s is at least %(value)s"), N_("interest in “%(interest)s” is at least %(value)s")),
    "at_most": (N_("“%(field)s” is at most %(value)s"), N_("the answer about “%(answer)s” is at most %(value)s"),
        N_("%(score)s is at most %(value)s"), N_("interest in “%(interest)s” is at most %(value)s")),
    "more_than": (N_("“%(field)s” is more than %(value)s"), N_("the answer about “%(answer)s” is more than %(value)s"),
        N_("%(score)s is more than %(value)s"), N_("interest in “%(interest)s” is more than %(value)s")),
    "less_than": (N_("“%(field)s” is less than %(value)s"), N_("the answer about “%(answer)s” is less than %(value)s"),
        N_("%(score)s is less than %(value)s"), N_("interest in “%(interest)s” is less than %(value)s")),
    "contains": (N_("“%(field)s” contains “%(value)s”"), N_("the answer about “%(answer)s” contains “%(value)s”"),
        N_("%(score)s contains %(value)s"), N_("interest in “%(interest)s” contains %(value)s")),
    "starts_with": (N_("“%(field)s” begins with “%(value)s”"),
        N_("the answer about “%(answer)s” begins with “%(value)s”"),
        N_("%(score)s begins with %(value)s"), N_("interest in “%(interest)s” begins with %(value)s")),
    "before": (N_("“%(field)s” is before %(value)s"), N_("the answer about “%(answer)s” is before %(value)s"),
        N_("%(score)s is before %(value)s"), N_("interest in “%(interest)s” is before %(value)s")),
    "after": (N_("“%(field)s” is after %(value)s"), N_("the answer about “%(answer)s” is after %(value)s"),
        N_("%(score)s is after %(value)s"), N_("interest in “%(interest)s” is after %(value)s")),
    "in_the_last": (N_("“%(field)s” lies in the last %(days)s days"),
        N_("the answer about “%(answer)s” lies in the last %(days)s days"),
        N_("%(score)s lies in the last %(days)s days"), N_("interest in “%(interest)s” lies in the last %(days)s days")),
    "in_the_next": (N_("“%(field)s” lies in the next %(days)s days"),
        N_("the answer about “%(answer)s” lies in the next %(days)s days"),
        N_("%(score)s lies in the next %(days)s days"), N_("interest in “%(interest)s” lies in the next %(days)s days")),
    "is_known": (N_("“%(field)s” is known"), N_("there is an answer about “%(answer)s”"),
        N_("%(score)s is known"), N_("interest in “%(interest)s” is known")),
    "is_unknown": (N_("“%(field)s” is unknown"), N_("there is no answer about “%(answer)s”"),
        N_("%(score)s is unknown"), N_("interest in “%(interest)s” is unknown")),
}  # fmt: skip
_FAMILIES = ("field", "answer", "score", "interest")

CONDITIONS = {
    "condition.consent": N_("consent to “%(topic)s” is %(states)s"),
    "condition.criterion": N_("“%(criterion)s” is %(states)s"),
    "condition.event": N_("%(kinds)s at least %(at_least)s times"),
    "condition.event.once": N_("%(kinds)s at least once"),
    "condition.never": N_("never"),
    "condition.segment": N_("is in the segment “%(segment)s”"),
    "condition.stage": N_("is at the stage %(stages)s"),
    "condition.tag": N_("has the tag “%(tag)s”"),
    **{
        f"condition.{family}.{operator}": texts[number]
        for operator, texts in _COMPARED.items()
        for number, family in enumerate(_FAMILIES)
    },
}
