"""Pages for those who talk to people: their tasks, and what a talk told."""
