"""Pages for those who keep it running: health, sending, the mail catcher."""
