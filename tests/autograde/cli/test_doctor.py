"""The doctor: a line for everything, and what to do where something is wrong."""

from __future__ import annotations

from autograde import doctor
from autograde.tree import ROOT_VARIABLE


def test_every_look_gives_a_line_and_a_bad_one_says_what_to_do():
    lines = doctor.examine()
    names = {line.name for line in lines}
    assert {
        "python",
        "torch",
        "device",
        "data",
        "kernel",
        "course",
        "isolation",
        "memory",
        "disk",
    } <= names
    assert "GiB" in next(line.found for line in lines if line.name == "memory")
    assert all(line.todo for line in lines if line.status != "ok")


def test_a_look_that_fails_becomes_a_failing_line():
    def broken():
        raise OSError("the disk is gone")
        yield

    (line,) = doctor._guarded(broken)
    assert (line.status, line.found) == ("fail", "OSError: the disk is gone")


def test_outside_a_course_that_is_one_of_the_findings(monkeypatch, tmp_path):
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    (line,) = doctor._guarded(doctor._course)
    assert (line.name, line.status) == ("course", "fail")
    assert line.found.startswith(f"no course found from {tmp_path}")
    assert line.todo.startswith("Run this inside the course's folder")


def test_a_missing_package_names_the_next_step(monkeypatch):
    def missing(name):
        raise doctor.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.importlib.metadata, "version", missing)
    lines = list(doctor._packages())
    assert {line.status for line in lines} == {"fail"}
    assert "make test" in lines[0].todo
