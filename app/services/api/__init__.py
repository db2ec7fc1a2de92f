"""What stands behind the API alone: who comes in and how often, what was answered before, and what is told."""
