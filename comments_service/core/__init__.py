"""The pure core: no await, no clock, no randomness, no environment."""
