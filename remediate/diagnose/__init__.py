"""What an error means: a catalogue of causes, and what finds them in texts and files."""
