"""The script that is sent to a host, the request it gets, and the reply it gives."""
