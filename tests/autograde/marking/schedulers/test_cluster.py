"""A class graded by workers of Dask's is graded as on one machine, whatever happens to them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from distributed import Client, LocalCluster

from autograde.authoring import samples
from autograde.gradebook.stored import Book, stored
from autograde.handing_in import intake
from autograde.marking import classrun, journal
from autograde.marking.job import Job
from autograde.marking.schedulers import begin
from autograde.marking.schedulers import cluster as clusters
from autograde.marking.schedulers.address import Scheduler, SchedulerError
from autograde.sandbox import IsolationError, Warm
from tests.autograde.marking.command import COURSE, LAB

NAMES = ("reference", "scales-last", "not-attempted", "whole-numbers", "no-value-error")
STUDENTS = 5


@pytest.fixture(scope="module")
def calm(tmp_path_factory) -> Job:
    """A class, graded by one process, one student at a time."""
    try:
        Warm(preload=[]).begin().close()
    except IsolationError as error:
        pytest.skip(str(error))
    work = tmp_path_factory.mktemp("calm")
    chosen = [one for one in samples.load(COURSE.samples(LAB)) if one.name in NAMES]
    samples.hand_in(chosen, COURSE, LAB, work / "submitted")
    job = Job(COURSE, LAB, work / "submitted", work, jobs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classrun, "proven", lambda warm: [])
        classrun.grade(job)
    return job


@pytest.fixture(scope="module")
def cluster(calm: Job) -> Iterator[LocalCluster]:
    """A scheduler with two workers, as an instructor would have begun it."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=0
    ) as found:
        yield found


@pytest.fixture
def job(calm: Job, cluster: LocalCluster, tmp_path: Path) -> Job:
    """The class as it was handed in, for these workers."""
    return replace(calm, work=tmp_path, scheduler=Scheduler(cluster.scheduler_address))


def facts(job: Job) -> tuple[Book, str, dict[str, bytes]]:
    """The gradebook's rows, the results, the graded notebooks."""
    graded = sorted((job.work / "autograded").rglob("*.ipynb"))
    texts = {str(path.relative_to(job.work)): path.read_bytes() for path in graded}
    return stored(job.gradebook, LAB), job.results.read_text(), texts


def assert_as_calm(job: Job, calm: Job) -> None:
    """The same, nobody lost; and nobody twice: a line a student in the journal."""
    assert facts(job) == facts(calm)
    assert len(journal.read(job.journal)) == STUDENTS
    assert job.journal.read_bytes().count(b"\n") == STUDENTS


def backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand submissions out in another order."""
    real = intake.collect
    monkeypatch.setattr(intake, "collect", lambda *of, **how: reversed([*real(*of, **how)]))


def at_result(which: int, do: Callable[[], Any]) -> Callable[..., None]:
    """Do something when so many students are graded."""

    def told(result: object, done: int, total: int) -> None:
        if done == which:
            do()

    return told


def test_do_two_jobs_in_another_order_grade_alike(calm: Job, tmp_path: Path, monkeypatch) -> None:
    backwards(monkeypatch)
    monkeypatch.setattr(classrun, "proven", lambda warm: [])
    job = replace(calm, work=tmp_path, jobs=2)
    classrun.grade(job)
    assert_as_calm(job, calm)


def test_does_a_worker_of_ones_own_grade_alike(calm: Job, tmp_path: Path) -> None:
    job = replace(calm, work=tmp_path, scheduler=Scheduler("1"))
    classrun.grade(job)
    assert_as_calm(job, calm)


def test_do_two_workers_in_another_order_grade_alike(job: Job, calm: Job, monkeypatch) -> None:
    backwards(monkeypatch)
    classrun.grade(job)
    assert_as_calm(job, calm)


def test_do_two_threads_of_a_worker_grade_alike(calm: Job, tmp_path: Path) -> None:
    """They begin at the same moment, with a lab that nobody has loaded."""
    with LocalCluster(
        n_workers=1, threads_per_worker=2, dashboard_address=":0", memory_limit=0
    ) as found:
        job = replace(calm, work=tmp_path, scheduler=Scheduler(found.scheduler_address))
        classrun.grade(job)
    assert_as_calm(job, calm)


def test_does_a_killed_worker_cost_nobody_anything(
    job: Job, calm: Job, cluster: LocalCluster
) -> None:
    with Client(cluster) as client:
        victim = next(iter(client.run(os.getpid).values()))
    classrun.grade(job, at_result(1, lambda: os.kill(victim, signal.SIGKILL)))
    assert_as_calm(job, calm)


def test_does_a_worker_with_another_course_refuse(job: Job, monkeypatch) -> None:
    real = clusters.versions
    monkeypatch.setattr(clusters, "versions", lambda *of: {**real(*of), "course": "0" * 64})
    with pytest.raises(SchedulerError, match=r"tcp://.* refuses: .*version.*: course \(.{12}, exp"):
        classrun.grade(job)
    assert not job.journal.exists()


def test_does_a_worker_without_walls_refuse(job: Job, cluster: LocalCluster) -> None:
    def without(path: str) -> str:
        before, os.environ["PATH"] = os.environ["PATH"], path
        return before

    with Client(cluster) as client:
        before = client.run(without, "/nowhere")
        try:
            with pytest.raises(SchedulerError, match=r"refuses: .*bubblewrap") as refusal:
                classrun.grade(job)
        finally:
            client.run(without, next(iter(before.values())))
    assert refusal.value.exit_code == IsolationError.exit_code == 3
    assert not job.journal.exists()


def test_does_a_scheduler_of_ones_own_show_nothing_to_who_has_no_key() -> None:
    """Dask's has pages of its own, at a port that is known."""
    with begin.connected(Scheduler("1"), 1) as client:
        client.wait_for_workers(1, timeout=60)
        services = client.scheduler_info()["services"]
        assert services["dashboard"] != 8787
        for path in ("/health", "/info/main/workers.html", "/json/identity.json"):
            with pytest.raises(HTTPError, match="404"):
                urlopen(f"http://127.0.0.1:{services['dashboard']}{path}", timeout=10)


def test_is_a_scheduler_that_is_not_there_told_soon(calm: Job, tmp_path: Path, monkeypatch) -> None:
    job = replace(calm, work=tmp_path, scheduler=Scheduler("tcp://127.0.0.1:9"))
    monkeypatch.setattr(begin, "CONNECT_SECONDS", 1.0)
    begun = time.monotonic()
    with pytest.raises(SchedulerError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9"):
        classrun.grade(job)
    assert time.monotonic() - begun < 10


def test_does_a_lost_scheduler_lose_nothing(
    job: Job, calm: Job, cluster: LocalCluster, monkeypatch
) -> None:
    """The last one: it ends the scheduler of these tests."""
    with pytest.raises(SchedulerError, match=r"scheduler is lost.*run the same command again"):
        classrun.grade(job, at_result(1, lambda: cluster.sync(cluster.scheduler.close)))
    assert 1 <= len(journal.read(job.journal)) < STUDENTS
    again = replace(job, scheduler=None)
    monkeypatch.setattr(classrun, "proven", lambda warm: [])
    classrun.grade(again)
    assert_as_calm(again, calm)
