"""Readers of other systems' databases, one file each: from their rows to core.imported."""
