"""What people do here: one function, one transaction, one sentence."""
