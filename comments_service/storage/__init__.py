"""SQL and nothing else: each function answers the question it is named by."""
