"""Pure data of the domain; knows nothing of terminals, networks or databases."""
