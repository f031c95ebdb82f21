"""nbgrader's commands, run in this folder, use the course's own set-up."""

from pathlib import Path

from autograde.nbgrader_settings import settings

here = Path(__file__).resolve().parent
c = get_config()  # noqa: F821 - nbgrader defines it
(here / "grading").mkdir(exist_ok=True)  # its database lies there, from the first command on
source, release = here / "solutions" / "notebooks", here / "labs"
c.merge(settings(here, here / "grading", source=source, release=release))
