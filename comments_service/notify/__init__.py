"""How what leaves the house is sent."""
