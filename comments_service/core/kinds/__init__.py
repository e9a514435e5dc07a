"""The kinds of rules: pure functions that say what they find in a comment, and with which parameters."""
