"""Changes of the reference that are no mistakes, and why, quoted as they are printed."""
