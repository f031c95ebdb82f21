"""Grading on Gradescope: the zip that is uploaded there, and what its container runs."""
