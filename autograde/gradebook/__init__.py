"""nbgrader's database: no other code of ours opens it."""
