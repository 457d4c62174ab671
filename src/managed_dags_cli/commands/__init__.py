"""What a user types: a module for each kind of command, its commands in COMMANDS."""
