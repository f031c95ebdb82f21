"""Everything that a student can be told on the way, in one place: each has a next step."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from autograde.tree import find
from course import __main__ as command
from course import handin, predictions, preflight, weights, welcome
from course.handin import archive, looking, rerun
from course.labs.lab01_activations import check
from course.preflight import Line
from course.progress import Result, facts, saved, table
from course.welcome import server

LAB = "lab01_activations"
TREE = find(Path(__file__).parent)
STEP = re.compile(
    r"\b([Rr]un|[Ss]ave|[Cc]lick|[Cc]hoose|[Oo]pen|[Ww]rite|[Dd]elete|[Dd]ownload|[Gg]o to|[Nn]ame"
    r"|[Kk]eep|[Mm]end|[Hh]and in|[Cc]opy|[Tt]ry|[Dd]ouble-click|[Rr]ight-click|[Tt]ell|[Ll]ook"
    r"|Nothing to do|it has|there are|waits for)\b"
)
BEFORE_WORK = re.compile(
    STEP.pattern + r"|\b([Pp]redict|[Tt]rain|[Mm]ake|[Ii]nstall|[Uu]nset|[Rr]estart|[Ll]ower)\b"
)  # steps of predictions, the preflight and networks' files
SETUP = dict.fromkeys(facts(LAB).setup)


def test_has_every_message_of_a_check_a_next_step() -> None:
    def relu(x: Any) -> Any:
        raise NotImplementedError("Exercise 1.3")

    def told(names: dict[str, Any]) -> str:
        return str(eval('check("relu", points=1)', {**names, "check": check}))

    messages = {
        "before the setup cell": told({}),
        "before the answer's cell": told(SETUP),
        "nothing written": told({**SETUP, "relu": relu}),
        "wrong": told({**SETUP, "relu": lambda x: x}),
        "an error": told({**SETUP, "relu": lambda x: x["a"]}),
    }
    with pytest.raises(KeyError, match="it has:") as unknown:
        eval('check("rleu")', {"check": check})
    messages["a slip in the name"] = str(unknown.value)
    _all_step(messages)


def test_has_every_message_of_the_overview_a_next_step() -> None:
    done = {one.name: Result(one.points, one.points, "passed") for one in facts(LAB).checked}
    wrong = {"sigmoid": Result(0, 2, "failed")}
    begun, ended, failed = (table.of(facts(LAB), {}, one) for one in ({}, done, wrong))
    assert failed.next_step.endswith("correct it, then run its cell and its check.")
    assert begun.next_step == "Next: 1.1 · The sigmoid: write it, run its cell, run its check."
    assert ended.next_step.startswith("Run the last cell of the notebook")
    _all_step({"begun": begun.next_step, "ended": ended.next_step, "wrong": failed.next_step})


def test_has_every_line_of_handing_in_a_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = json.loads(TREE.student(LAB).read_text())
    lines: list[Line] = []

    def look(change: Callable[[list[dict[str, Any]]], None], text: str | None = None) -> None:
        book = json.loads(json.dumps(released))
        change(book["cells"])
        path = tmp_path / f"{LAB}.ipynb"
        path.write_text(json.dumps(book) if text is None else text)
        lines.extend(handin.from_file(path, LAB).lines)

    def at(cells: list[dict[str, Any]], name: str) -> dict[str, Any]:
        return next(cell for cell in cells if saved.grade_id(cell) == name)

    def other(cells: list[dict[str, Any]]) -> None:
        for answer in ("1", "2"):
            cells.append({**at(cells, "relu_answer"), "source": f"relu = {answer}"})

    look(lambda cells: None)
    look(lambda cells: cells.remove(at(cells, "relu")))
    look(lambda cells: cells.remove(at(cells, "relu_answer")))
    look(lambda cells: at(cells, "relu").update(source="pass"))
    look(lambda cells: at(cells, "relu_answer").update(cell_type="raw"))
    look(other)
    look(lambda cells: cells.clear())
    look(lambda cells: None, "<html>")
    look(lambda cells: None, "[]")
    monkeypatch.setattr(archive, "LARGEST", 1000)
    look(lambda cells: None)
    monkeypatch.setattr(archive, "write", _refuse)
    look(lambda cells: None)
    lines += handin.from_file(tmp_path / "none.ipynb", LAB).lines
    late = looking._unsaved(released, {"relu": Result(1, 1, "passed")})
    assert late is not None
    lines += [late, *handin.from_notebook(LAB).lines]
    lines += handin.from_file(_empty(tmp_path), "lab07").lines
    monkeypatch.setitem(__import__("sys").modules, "nbclient", None)
    lines += rerun.rerun(released, facts(LAB), {}).lines
    assert len({line.found for line in lines}) > 18
    for line in lines:
        assert line.status == "ok" or line.advice, line
        assert not line.advice or STEP.search(line.advice), line
    assert {line.status for line in lines} == {"ok", "warn", "fail"}


def test_has_every_message_in_the_terminal_a_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(looking.course, "__file__", str(tmp_path / "course" / "__init__.py"))
    messages = {}
    for words in (["handin", "lab99"], ["handin", "lab01"], ["overview", "lab01"], ["start"]):
        assert command.main(words) == command.NEEDS_A_HAND
        messages[" ".join(words)] = capsys.readouterr().err
    for words in ([], ["hand"], ["handin"], ["handin", "lab01", "--nope"]):
        with pytest.raises(SystemExit, match="2"):
            command.main(words)
        messages[f"a slip: {words}"] = told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert "Try `python -m course handin lab04`" in told
    with pytest.raises(SystemExit, match="2"):
        command.main(["overview"])
    assert "Try `python -m course overview lab04`" in capsys.readouterr().err
    monkeypatch.setattr(server, "find_spec", lambda name: None)
    assert welcome.open_labs() == 1
    messages["no JupyterLab"] = capsys.readouterr().err
    messages |= {"opens": server.OPENS, "no browser": server.NO_BROWSER}
    _all_step(messages)


def test_has_every_message_of_a_prediction_a_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, empty in (("_MADE", {}), ("_SEEN", set()), ("_TOLD", set())):
        monkeypatch.setattr(predictions, name, empty)
    choices = {"relu": "▁▂▃", "tanh": "▃▂▁"}
    messages = {
        "none": str(predictions.predict("p", "?")),
        "no number": str(predictions.predict("p", "?", "many", unit="%")),
        "no choice": str(predictions.predict("p", "?", "elu", choices)),
        "half an order": str(predictions.predict("p", "?", ["relu"], choices, order=True)),
        "made": str(predictions.predict("p", "?", 0.5)),
        "measured first": str(predictions.compare("q", 0.5)),
        "nothing measured": str(predictions.compare("p", None)),
    }
    assert "in place of `...`" in messages["none"]
    _all_step(messages, BEFORE_WORK)


def test_has_every_line_of_the_preflight_a_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    copied = {"metadata": {"nbgrader": {"grade": True, "grade_id": "relu"}}}
    lines = [*preflight.run(notebook={"cells": [copied, copied]}).lines]
    lines += preflight.run(Path("/nowhere"), {"cells": []}).lines
    monkeypatch.setenv("COURSE_DEVICE", "tpu")
    monkeypatch.setattr(preflight, "PACKAGES", {"torch": "99", "nothing-of-this-name": "1"})
    monkeypatch.setattr(preflight, "PYTHON", ((99, 0), (99, 9)))
    monkeypatch.setattr(preflight, "_shell", lambda: SimpleNamespace(kernel=None, user_ns={}))
    lines += preflight.run().lines
    monkeypatch.setattr(preflight, "PYTHON", ((3, 0), (3, 1)))
    monkeypatch.setattr(preflight, "FREE_BYTES", 2**90)
    lines += preflight.run().lines
    told = {line.name for line in lines if line.status != "ok"}
    assert told == {"Python", "packages", "device", "backward pass", "writing", "notebook"}
    for line in lines:
        assert line.status == "ok" or BEFORE_WORK.search(line.advice), line


def test_has_every_message_of_a_network_s_file_a_next_step(tmp_path: Path) -> None:
    model, other = torch.nn.Linear(2, 3), torch.nn.Linear(3, 3)
    diverged = torch.nn.Linear(2, 3)
    torch.nn.init.constant_(diverged.weight, float("nan"))
    path = tmp_path / "network.safetensors"
    messages = {"none there": _refused(lambda: weights.load(model, path))}
    torch.save(model.state_dict(), path)
    messages["a pickle"] = _refused(lambda: weights.load(model, path))
    path.write_bytes(b"\x10" + bytes(40))
    messages["cut short"] = _refused(lambda: weights.load(model, path))
    weights.save(other, path)
    messages["of another network"] = _refused(lambda: weights.load(model, path))
    messages["diverged"] = _refused(lambda: weights.save(diverged, path))
    _all_step(messages, BEFORE_WORK)


def _refused(work: Callable[[], object]) -> str:
    with pytest.raises(weights.WeightsError) as refused:
        work()
    return str(refused.value)


def _all_step(messages: dict[str, str], step: re.Pattern[str] = STEP) -> None:
    assert [name for name, text in messages.items() if not step.search(text)] == []


def _empty(folder: Path) -> Path:
    path = folder / "lab07_summary.ipynb"
    path.write_text(TREE.student("lab07_summary").read_text())
    return path


def _refuse(path: Path, files: Any) -> None:
    raise PermissionError(13, "Permission denied")
