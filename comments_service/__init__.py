"""The comment service for pages where people talk mathematics."""
