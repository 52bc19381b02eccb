"""The front of a practice host: HTTP, credentials, WS-Management, shells."""
