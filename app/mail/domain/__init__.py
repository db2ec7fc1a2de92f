"""What a domain must publish before its mail is believed, looked at through a `Resolver`."""
