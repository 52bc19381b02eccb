"""A wire of our own: WinRM without an HTTP library, in steps that anybody can take."""
