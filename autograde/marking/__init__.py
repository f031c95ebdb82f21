"""Points for a class: each answer is asked in the sandbox, judged outside, and written down."""
