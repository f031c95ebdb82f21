"""``python -m autograde.gradescope``: what ``run_autograder`` calls in Gradescope's container."""

from __future__ import annotations

from autograde.gradescope.run import main

if __name__ == "__main__":
    main()
