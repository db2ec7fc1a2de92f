"""Broadcasts: one mail to the people of a segment, frozen before it is confirmed, through the same gate and ledger."""
