"""Senders: who may write in whose name, through which relay, within which limits, and what holds one back."""
