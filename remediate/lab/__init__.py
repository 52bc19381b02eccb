"""Practice Windows hosts on loopback, for learning, demonstrations and tests."""
