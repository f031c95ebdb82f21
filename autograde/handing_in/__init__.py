"""What students hand in: taken from disk without trust, and brought back to the lab's form."""
