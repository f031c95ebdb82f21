"""Lab sources become notebooks: built, checked for leaks, run; samples and the reference."""
