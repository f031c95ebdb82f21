"""Who is graded again, and how often, where workers are lost; and who runs beside whom."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from distributed.comm import CommClosedError
from nbformat import NotebookNode

from autograde.marking import crews, journal, rounds
from autograde.marking.grader import Marked
from autograde.marking.job import Job
from autograde.marking.marker import Marker
from autograde.marking.pace import LAST, Round
from autograde.marking.schedulers import cluster, desk
from autograde.marking.schedulers.address import Scheduler, SchedulerError
from autograde.marking.schedulers.cluster import Crew
from autograde.marking.schedulers.turns import MachineTurns
from autograde.marking.schedulers.versions import differences
from autograde.results import StudentResult
from autograde.sandbox import SandboxError, Warm
from autograde.tree import ROOT_VARIABLE
from tests.autograde.marking.command import COURSE, LAB

WORKERS = 3


@dataclass(frozen=True)
class One:
    student: str


@dataclass(eq=False)
class Sent:
    one: One
    gone: bool
    release: Callable[[], None]


class Deadly:
    """Futures of workers that a student's notebook ends, so many times."""

    def __init__(self, lives: dict[str, int]) -> None:
        self.lives, self.tries, self.under_way, self.most = lives, Counter[str](), 0, 0
        self.beside: dict[str, int] = {}

    def submit(self, work: Any, name: str, one: One, *rest: Any, **how: Any) -> Any:
        self.tries[one.student] += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.beside[one.student] = self.under_way
        gone = self.tries[one.student] <= self.lives.get(one.student, 0)
        return Sent(one, gone, self._released)

    def _released(self) -> None:
        self.under_way -= 1

    def nthreads(self) -> dict[str, int]:
        return {f"tcp://{n}": 1 for n in range(WORKERS)}

    def cancel(self, futures: list[Any], force: bool) -> None:
        self.under_way -= len(futures)


class Watched(Crew[Any]):
    def _done(self, waiting: Any) -> set[Any]:
        return {next(iter(waiting))}  # type: ignore[return-value]

    def _found(self, future: Any) -> Any:
        result = StudentResult(future.one.student, "graded", (), ())
        return desk.Gone("killed") if future.gone else Marked(result, "", {})

    def _sent(self, one: Any, round_: Round) -> Any:
        return self._client.submit(desk.mark, self._name, one)


class Unlucky:
    known: dict[str, Any] = {}  # noqa: RUF012

    def given_up(self, one: One, told: str) -> Marked:
        return Marked(StudentResult(f"{one.student} given up: {told}", "graded", (), ()), "", {})


def graded(lives: dict[str, int], students: int = 12) -> tuple[list[str], Deadly]:
    """The class's results, by workers that are lost so many times under these students."""
    client = Deadly(lives)
    crew = Watched(client, "desk", Unlucky())  # type: ignore[arg-type]

    def collect(*, only: Collection[str] | None = None) -> Iterator[One]:
        names = (f"s{n}" for n in range(students))
        return (One(name) for name in names if only is None or name in only)

    found = list(rounds._in_rounds(crew, collect))
    return [one.result.student for one in found], client


def test_is_everybody_graded_once_where_nobody_is_lost() -> None:
    found, client = graded({})
    assert sorted(found) == sorted(f"s{n}" for n in range(12))
    assert set(client.tries.values()) == {1}


def test_are_few_students_under_way_at_a_time() -> None:
    _, client = graded({}, students=1000)
    assert client.most == 2 * WORKERS
    assert client.under_way == 0


@pytest.mark.parametrize("deaths", [1, 2, 3])
def test_does_a_lost_worker_cost_only_its_students_another_try(deaths: int) -> None:
    found, client = graded({"s3": deaths, "s4": deaths})
    assert sorted(found) == sorted(f"s{n}" for n in range(12))
    assert client.tries.pop("s3") == client.tries.pop("s4") == deaths + 1
    assert set(client.tries.values()) == {1}


def test_does_who_ends_every_worker_go_to_a_person_at_last_alone() -> None:
    found, client = graded({"s3": 99, "s4": LAST + 1})
    assert client.tries["s3"] == client.tries["s4"] == LAST + 2  # the rounds, and once alone
    assert client.beside["s3"] == client.beside["s4"] == 1
    given_up = [one for one in found if "given up" in one]
    assert len(given_up) == 1
    assert given_up[0].startswith("s3 given up: Workers were lost again and again")
    assert len(found) == 12


def test_is_nobody_left_under_way_where_a_grading_stops() -> None:
    client = Deadly({})
    crew = Watched(client, "desk", Unlucky())  # type: ignore[arg-type]
    through = crew.through((One(f"s{n}") for n in range(12)), round_=0)
    next(through)
    through.close()  # type: ignore[attr-defined]
    assert client.under_way == 0


class Failing:
    """A grader whose warm process ends each time; and one that says so."""

    def __init__(self) -> None:
        self.works, self.prepared = False, list[int]()

    def mark(self, submission: One, round_: Round) -> str:
        if self.works:
            return submission.student
        raise SandboxError("the warm process is gone")


@dataclass(frozen=True)
class Seated:
    failing: Failing
    known: Any = None
    lying: Any = None

    def prepare(self) -> None:
        self.failing.prepared.append(1)

    def mark(self, submission: One, round_: Round) -> str:
        return self.failing.mark(submission, round_)


@pytest.fixture
def seat(monkeypatch: pytest.MonkeyPatch) -> Iterator[desk.Desk]:
    """A worker's desk whose warm processes can't be told from real ones."""
    failing = Failing()
    opened: list[Any] = []

    class Warm(SimpleNamespace):
        hidden: tuple[Path, ...] = ()

        def __enter__(self) -> Any:
            opened.append(self)
            return self

        def __exit__(self, *error: object) -> None:
            self.close()

        def close(self) -> None:
            opened.remove(self)

    found = desk.Desk(
        Path("/"),
        "lab",
        {"course": "a"},
        Warm,
        lambda **how: Seated(failing),  # type: ignore
    )
    monkeypatch.setattr(desk, "versions", lambda tree, lab: {"course": "a"})
    monkeypatch.setattr(desk, "proven", lambda warm: [])
    monkeypatch.setattr(desk, "LOADED", {})
    monkeypatch.setenv(ROOT_VARIABLE, str(COURSE.root))
    worker = SimpleNamespace(address="tcp://1", local_directory="/x", security=SimpleNamespace())
    found.setup(worker)  # type: ignore[arg-type]
    found.failing, found.opened = failing, opened  # type: ignore[attr-defined]
    monkeypatch.setattr(desk, "get_worker", lambda: SimpleNamespace(plugins={"desk": found}))
    yield found
    found._close()
    assert opened == []


def mark() -> Any:
    return desk.mark("desk", One("ada"), None, "", True)


def test_does_a_worker_begin_one_warm_process_and_another_only_after_its_end(seat: Any) -> None:
    seat.failing.works = True
    assert mark() == mark() == "ada"
    assert len(seat.opened) == len(seat.failing.prepared) == 1
    seat.failing.works = False
    assert mark() == desk.Gone("the warm process is gone")
    assert seat.opened == []


def test_does_a_worker_give_up_whose_warm_process_ends_again_and_again(seat: Any) -> None:
    for _ in range(desk.MOST_LOST):
        assert isinstance(mark(), desk.Gone)
    assert "ended 10 times" in mark().message


def test_does_a_warm_process_end_that_nobody_uses(seat: Any, monkeypatch) -> None:
    monkeypatch.setattr(desk, "IDLE_SECONDS", 0.01)
    seat.failing.works = True
    mark()
    seat._rest.join(10)
    assert seat.opened == []
    assert mark() == "ada"


def test_does_a_worker_refuse_that_has_imported_another_version(seat: Any, monkeypatch) -> None:
    monkeypatch.setattr(desk, "LOADED", {"course": "b"})
    assert "its files have changed since it began: course (a, expected b)" in mark().message


def test_does_a_worker_refuse_that_was_refused_and_updated_but_not_restarted(
    seat: Any, monkeypatch
) -> None:
    """What it imported to find out is of the version that was there then."""
    monkeypatch.setattr(desk, "versions", lambda tree, lab: {"course": "b"})
    assert "it has another version" in mark().message
    monkeypatch.setattr(desk, "versions", lambda tree, lab: {"course": "a"})
    seat.failing.works = True
    assert "its files have changed since it began: course (a, expected b)" in mark().message


def test_is_it_said_which_version_differs() -> None:
    assert differences({"torch": "2.9", "course": "a"}, {"torch": "2.8"}) == (
        "torch (2.8, expected 2.9), course (none, expected a)"
    )


def test_does_one_alone_wait_for_others_and_they_for_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    first, second, log = MachineTurns(), MachineTurns(), list[str]()

    def alone() -> None:
        with second.alone():
            log.append("alone")

    def shared() -> None:
        with second.shared():
            log.append("after")

    with first.shared(), second.shared():  # two at a time
        waits = threading.Thread(target=alone)
        waits.start()
        waits.join(0.1)
        follows = threading.Thread(target=shared)
        follows.start()
        follows.join(0.1)
        log.append("shared")
    waits.join(10)
    follows.join(10)
    assert log == ["shared", "alone", "after"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (CommClosedError("stream is closed"), "most likely a worker has too little memory"),
        (ModuleNotFoundError("autograde"), "Install this course on every worker"),
    ],
)
def test_is_it_told_what_a_worker_lacks_that_does_not_load_the_grader(error, told) -> None:
    def register(*of: Any, **how: Any) -> None:
        raise error

    place = object.__new__(cluster.Cluster)
    place._client, place._name = SimpleNamespace(register_plugin=register), "desk"  # type: ignore
    with pytest.raises(SchedulerError, match=told), place._seated(None):  # type: ignore[arg-type]
        pass


@pytest.mark.parametrize("address", ["locla", "0", "-1", "host"])
def test_is_an_address_that_is_none_named(address: str) -> None:
    with pytest.raises(SchedulerError, match=f"--scheduler {address}: expected an address"):
        Scheduler(address)


def test_are_tls_files_asked_for_that_are_missing(tmp_path: Path) -> None:
    there = tmp_path / "ca.pem"
    there.touch()
    with pytest.raises(SchedulerError, match="Missing: --tls-cert, --tls-key"):
        Scheduler("tls://host:8786", tls_ca=there)
    nowhere = replace(Scheduler("local"), address="tls://host:1")
    assert not nowhere.own
    with pytest.raises(SchedulerError, match=r"--tls-key .*nowhere: there is no such file"):
        Scheduler("tls://host:8786", there, there, tmp_path / "nowhere")


def test_is_it_said_what_to_install_where_dask_is_not(monkeypatch) -> None:
    for name in [one for one in sys.modules if one.startswith("autograde.marking.schedulers.")]:
        if name.rpartition(".")[2] not in ("address", "versions"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "distributed", None)
    job = Job(COURSE, LAB, Path(), Path(), scheduler=Scheduler("local"))
    with pytest.raises(SchedulerError, match=r"distributed is not installed: pip install '.*clust"):
        crews.place(job, Warm, Warm(), lambda warm: None)


def test_does_a_grader_believe_what_it_is_told_of_another_machine(tmp_path: Path) -> None:
    job = Job(COURSE, LAB, tmp_path, tmp_path)
    told = {"ada": "a hash", "eve": ""}
    marker = Marker(Warm(), {}, {}, job=job, release=NotebookNode(), lying=told)
    for name in ("ada", "eve", "bob"):
        job.autograded(name).parent.mkdir(parents=True)
        job.autograded(name).write_text("{}", "utf-8")
    there = journal.notebook_key(job.autograded("bob"))
    assert [marker.lies(name) for name in ("ada", "eve", "bob")] == ["a hash", "", there]


@pytest.mark.parametrize("comes", [True, False])
def test_is_a_class_without_workers_graded_when_they_come_and_else_ended(
    monkeypatch, comes
) -> None:
    client = Deadly({})
    workers = iter([{}, {}, {}, {"tcp://1": 1}] if comes else [])
    monkeypatch.setattr(client, "nthreads", lambda: next(workers, {"tcp://1": 1} if comes else {}))
    monkeypatch.setattr(cluster, "WORKER_SECONDS", 0.2)
    monkeypatch.setattr(cluster, "POLL_SECONDS", 0.1)
    crew = Watched(client, "desk", Unlucky())  # type: ignore[arg-type]
    if comes:
        assert len(list(crew.through(iter([One("ada"), One("eve")]), round_=0))) == 2
    else:
        with pytest.raises(SchedulerError, match=r"no worker for 0\.2 s"):
            list(crew.through(iter([One("ada")]), round_=0))
