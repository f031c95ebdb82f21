"""Measure what the notebook shows as measured before; about a quarter of an hour on one core.

``python -m solutions.lab08_beyond.measure`` writes the lab's ``results.json``. It lies here since
it needs the answers: nothing in ``course`` may hold them.
"""

from __future__ import annotations

from autograde.authoring import reference
from course.device import one_thread, working_on
from course.labs.lab08_beyond.experiments.fooling import measured_attacks
from course.labs.lab08_beyond.experiments.forgetting import measured_forgetting
from course.labs.lab08_beyond.experiments.networks import LAB
from course.labs.lab08_beyond.experiments.transfer import measured_transfer
from course.labs.shared.results import store

COMMAND = "python -m solutions.lab08_beyond.measure"


if __name__ == "__main__":
    solved = reference.load(LAB)
    attacks = solved["fast_gradient_sign"], solved["fooling_images"]
    with working_on("cpu"), one_thread():
        store(LAB, command=COMMAND, attacks=measured_attacks(*attacks, range(5)))
        store(LAB, forgetting=measured_forgetting(solved["saliency"], range(5)))
        store(LAB, transfer=measured_transfer(range(5), epochs=5, images=2000))
