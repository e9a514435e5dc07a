"""The commands by subject; `cli` puts them together."""
