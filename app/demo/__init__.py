"""The demo: made-up people who live through some months of the real engine, by the doors that users and machines use."""
