"""Build, verify and grade the labs: the instructors' engine behind the ``autograde`` command."""

__version__ = "0.1.0"
