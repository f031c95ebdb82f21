"""The evidence that checks are right: right answers pass, wrong, mutated and lazy ones do not."""
