"""Pages for those who run the programme: today, contacts, sequences."""
