"""Measure what the notebook shows as measured before; about a quarter of an hour on one core.

``python -m solutions.lab09_fast.measure`` writes the lab's ``results.json``. It lies here since
it needs the answers: nothing in ``course`` may hold them.
"""

from __future__ import annotations

from autograde.authoring import reference
from course.device import one_thread, working_on
from course.labs.lab09_fast.experiments.measured import measured_ladder
from course.labs.lab09_fast.experiments.networks import LAB
from course.labs.shared.results import store

COMMAND = "python -m solutions.lab09_fast.measure"


if __name__ == "__main__":
    solved = reference.load(LAB)
    with working_on("cpu"), one_thread():
        ladder = measured_ladder(solved, range(5), epochs=12, size=(4000, 5000))
        store(LAB, command=COMMAND, ladder=ladder)
