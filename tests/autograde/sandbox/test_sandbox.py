"""The sandbox: what a notebook can do in it, what nobody can, and what is left afterwards.

The hostile cells are bounded by themselves, and run only after the self-test has proven the walls.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from autograde import sandbox
from autograde.sandbox import IsolationError, Limits, SandboxError, Session, Warm, launch
from autograde.sandbox.groups import NAME, Group
from autograde.sandbox.session import GRACE_SECONDS
from autograde.sandbox.watch import family
from course.checks import Answer, call, gradient

ROOT = Path(__file__).parents[3]
CANARY = "GRADER_CANARY"
MIB = 1 << 20

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("bwrap") is None,
    reason="the sandbox needs Linux and bubblewrap (system package bubblewrap)",
)


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("class")
    (folder / "gradebook.db").write_text("scores")
    return folder


@pytest.fixture(scope="module")
def warm(hidden: Path) -> Iterator[Warm]:
    os.environ[CANARY] = "secret"
    try:
        with Warm(Limits(memory=512 * MIB), hidden=[hidden, ROOT / "solutions"]) as warm:
            yield warm
    except IsolationError as error:
        pytest.skip(str(error))
    finally:
        del os.environ[CANARY]


def test_only_root_can_give_students_a_user_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(IsolationError, match="only root"), Warm(isolation="user"):
        pass


@pytest.fixture(scope="module")
def walls(warm: Warm) -> list[sandbox.Wall]:
    return sandbox.selftest(warm)


@pytest.fixture
def proven(warm: Warm, walls: list[sandbox.Wall]) -> Warm:
    broken = [wall for wall in walls if not wall.ok]
    if broken:
        pytest.skip(f"hostile code runs behind proven walls only; missing: {broken}")
    return warm


@pytest.fixture
def session(warm: Warm) -> Iterator[Session]:
    with warm.session() as session:
        yield session


def shown(session: Session, source: str) -> Any:
    """The value of a cell's last line, read back."""
    run = session.run(source)
    assert run.status == "ok", run
    (result,) = (one for one in run.outputs if one["output_type"] == "execute_result")
    return eval(result["data"]["text/plain"], {"inf": float("inf")})


def printed(run: sandbox.CellRun) -> str:
    return "".join(one["text"] for one in run.outputs if one["output_type"] == "stream")


# --- a notebook's ordinary life ---------------------------------------------------------------


def test_cells_share_names_and_number_their_results(session: Session) -> None:
    assert session.run("x = 20").outputs == []
    run = session.run("x + 1")
    assert (run.status, run.message) == ("ok", "")
    assert run.outputs == [
        {
            "output_type": "execute_result",
            "data": {"text/plain": "21"},
            "metadata": {},
            "execution_count": 2,
        }
    ]


def test_only_the_students_cells_are_in_the_history(session: Session) -> None:
    assert shown(session, "In[1:]") == ["In[1:]"]


def test_an_error_comes_with_its_traceback(session: Session) -> None:
    run = session.run("def f():\n    return 1 / 0\nf()")
    (error,) = run.outputs
    assert (run.status, run.message) == ("error", "ZeroDivisionError: division by zero")
    assert (error["ename"], error["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert "return" in "".join(error["traceback"])
    assert session.run("1").status == "ok"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("raise SystemExit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("def f(:", "SyntaxError"),
        ("input()", "EOFError"),
    ],
)
def test_whatever_ends_a_cell_is_an_error_of_the_cell(
    session: Session, source: str, name: str
) -> None:
    run = session.run(source)
    assert run.status == "error"
    assert name in [one.get("ename") for one in run.outputs]
    assert session.alive


def test_printing_is_collected_in_order(session: Session) -> None:
    run = session.run(
        "import sys\nprint('a', end='')\nprint('b')\nprint('c', file=sys.stderr)\nprint('d')"
    )
    streams = [(one["name"], one["text"]) for one in run.outputs]
    assert streams == [("stdout", "ab\n"), ("stderr", "c\n"), ("stdout", "d\n")]


def test_what_is_printed_past_python_is_collected(session: Session) -> None:
    run = session.run(
        "import os, subprocess\nos.write(1, b'one ')\nsubprocess.run(['echo', 'two'])"
    )
    assert "one two" in printed(run)
    assert printed(session.run("!echo three")) == "three\n"


def test_figures_show_inline(session: Session) -> None:
    source = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nprint('after')"
    picture, after = session.run(source).outputs
    assert set(picture["data"]) == {"image/png", "text/plain"}
    assert after["text"] == "after\n"
    left_open = session.run("%matplotlib inline\nfig, ax = plt.subplots();").outputs
    assert ["image/png" in one.get("data", {}) for one in left_open] == [True]


def test_displays_can_be_updated_and_cleared(session: Session) -> None:
    session.run("from IPython.display import HTML, clear_output, display")
    run = session.run("h = display(HTML('<b>1</b>'), display_id=True)\nh.update(HTML('<b>2</b>'))")
    assert [one["data"]["text/html"] for one in run.outputs] == ["<b>2</b>"]
    assert printed(session.run("print(1)\nclear_output(wait=True)\nprint(2)")) == "2\n"


def test_magics_and_await_work(session: Session) -> None:
    assert "loop" in printed(session.run("%timeit -n1 -r1 1 + 1"))
    assert shown(session, "import asyncio\nawait asyncio.sleep(0, 'slept')") == "slept"


def test_training_and_data_workers_work(session: Session) -> None:
    source = (
        "import torch\n"
        "from torch import nn\n"
        "net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(1))\n"
        "net(torch.ones(2, 1, 8, 8)).sum().backward()\n"
        "data = torch.utils.data.TensorDataset(torch.arange(4))\n"
        "[int(x.sum()) for x, in torch.utils.data.DataLoader(data, 2, num_workers=1)]"
    )
    assert shown(session, source) == [1, 5]


def test_files_lie_in_the_working_folder(warm: Warm) -> None:
    with warm.session({"data/a.txt": b"hello", "helper.py": b"answer = 42"}) as session:
        assert shown(session, "open('data/a.txt').read()") == "hello"
        assert shown(session, "import helper; helper.answer") == 42


@pytest.mark.parametrize("name", ["../a", "/etc/a", "a/../../b", "", ".", "a\0b"])
def test_a_file_that_would_lie_elsewhere_is_refused(warm: Warm, name: str) -> None:
    with pytest.raises(ValueError, match="inside its folder"):
        warm.session({name: b""})


def test_files_larger_than_the_folder_are_refused(warm: Warm) -> None:
    with pytest.raises(ValueError, match="don't fit"):
        warm.session({"a": bytes(100)}, limits=Limits(folder_bytes=10))


def test_random_numbers_repeat_with_the_seed(warm: Warm) -> None:
    source = (
        "import random, numpy as np, torch\n"
        "random.random(), float(np.random.rand()), float(torch.rand(()))"
    )
    draws = []
    for seed in (0, 0, 1):
        with warm.session(seed=seed) as session:
            draws.append(shown(session, source))
    assert draws[0] == draws[1]
    assert not set(draws[0]) & set(draws[2])


# --- probes -----------------------------------------------------------------------------------


def test_cells_draw_as_if_no_probe_had_been_put(warm: Warm) -> None:
    source = (
        "import random, numpy as np, torch\n"
        "def draw(x):\n    return np.random.rand(), torch.rand(()), random.random()"
    )
    drawn = []
    after = "[float(np.random.rand()), float(torch.rand(())), random.random()]"
    for asks in (0, 3):
        with warm.session(seed=3) as session:
            session.run(source)
            answers = [session.ask(call("draw", 1)) for _ in range(asks)]
            assert all(answer.kind == "value" for answer in answers)
            drawn.append(shown(session, after))
    assert drawn[0] == drawn[1]


def test_probes_get_the_same_answers_as_in_this_process(session: Session) -> None:
    source = (
        "def double(x):\n    print('doubling')\n    return 2 * x\n"
        "def todo(x):\n    raise NotImplementedError\n"
        "def wrong(x):\n    return x.nothing\n"
        "def many(x):\n    return {'a': (x, 1), 'b': [None, True, float('nan'), 'text']}\n"
    )
    session.run(source)
    here: dict[str, Any] = {}
    exec(compile(source, "<cell>", "exec"), here)
    x = torch.tensor([1.0, 2.0])
    for name in ("double", "todo", "many", "nowhere"):
        there, local = session.ask(call(name, x)), call(name, x).run(here)
        assert (there.kind, there.error) == (local.kind, local.error)
        assert (there.printed, str(there.value)) == (local.printed, str(local.value))
    assert session.ask(call("wrong", x)).kind == "raised"
    assert torch.equal(session.ask(gradient("double", x)).value, torch.tensor([2.0, 2.0]))


def test_a_cell_that_looks_at_all_descriptors_does_not_end_its_session(session: Session) -> None:
    looking = (
        "import os, socket\n"
        "for number in range(3, 64):\n"
        "    try:\n"
        "        with socket.socket(fileno=os.dup(number)) as one:\n"
        "            one.settimeout(0)  # so it is for all copies of the descriptor\n"
        "    except OSError:\n"
        "        pass\n"
        "def double(x):\n"
        "    return 2 * x"
    )
    assert session.run(looking).status == "ok"
    time.sleep(0.2)  # it waits for the question
    assert session.ask(call("double", 21)).value == 42


def test_an_answer_that_is_too_large_says_so(warm: Warm) -> None:
    with warm.session(limits=Limits(answer_bytes=MIB)) as session:
        session.run("import torch\ndef f():\n    return torch.zeros(1 << 20)")
        answer = session.ask(call("f"))
        assert (answer.kind, answer.value) == ("raised", None)
        assert "too large" in answer.error
        assert session.alive


# --- one student and another --------------------------------------------------------------------


def test_nothing_is_left_for_the_next_student(warm: Warm) -> None:
    # /tmp can't be written where the environment lies under it, as in a clone made there.
    leave = (
        "import builtins, contextlib, pathlib, os, torch\n"
        "builtins.left = torch.left = 1\n"
        "for place in ('.', '/dev/shm', os.environ['HOME'], os.environ['TMPDIR']):\n"
        "    pathlib.Path(place, 'left').write_text('here')\n"
        "with contextlib.suppress(PermissionError):\n"
        "    pathlib.Path('/tmp/left').write_text('here')\n"
    )
    look = (
        "import builtins, pathlib, os, torch\n"
        "[hasattr(builtins, 'left'), hasattr(torch, 'left')] + ["
        "pathlib.Path(place, 'left').exists()"
        " for place in ('.', '/tmp', '/dev/shm', os.environ['HOME'], os.environ['TMPDIR'])]"
    )
    with warm.session() as first, warm.session() as second:
        done = first.run(leave)
        assert done.status == "ok", done.message
        assert shown(second, look) == [False] * 7
    with warm.session() as third:
        assert shown(third, look) == [False] * 7


def test_sessions_at_the_same_time_keep_apart(warm: Warm) -> None:
    found: dict[int, list[Any]] = {}

    def work(number: int) -> None:
        with warm.session() as session:
            session.run(f"def who():\n    return {number}")
            found[number] = [session.ask(call("who")).value for _ in range(5)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [number] * 5 for number in range(6)}


def test_sessions_cannot_reach_each_other(proven: Warm) -> None:
    name = "import socket\ns = socket.socket(socket.AF_UNIX)\nname = '\\0here'\n"
    with proven.session() as first, proven.session() as second:
        assert first.run(name + "s.bind(name); s.listen()").status == "ok"
        assert first.run("socket.socket(socket.AF_UNIX).connect(name)").status == "ok"
        assert "refused" in second.run(name + "s.connect(name)").message


def test_the_warm_process_shares_no_writable_memory(session: Session) -> None:
    assert shown(session, "[line for line in open('/proc/self/maps') if ' rw-s' in line]") == []


# --- walls --------------------------------------------------------------------------------------


def test_every_wall_holds(walls: list[sandbox.Wall]) -> None:
    assert [wall for wall in walls if not wall.ok] == []


def test_the_solutions_the_gradebook_and_the_home_do_not_show(
    session: Session, hidden: Path
) -> None:
    secret = [hidden / "gradebook.db", ROOT / "solutions", ROOT / "tests", Path.home() / ".bashrc"]
    source = f"import os\n[os.path.exists(path) for path in {[str(path) for path in secret]}]"
    assert shown(session, source) == [False] * len(secret)


def test_of_the_engine_only_the_sandbox_shows(session: Session) -> None:
    source = (
        "import autograde, os\nsorted(name for p in autograde.__path__ for name in os.listdir(p))"
    )
    assert shown(session, source) == ["__init__.py", "errors.py", "sandbox"]


def test_the_graders_environment_does_not_show(session: Session) -> None:
    source = (
        "import os, glob\n"
        "text = str(dict(os.environ))\n"
        "for path in glob.glob('/proc/*/environ'):\n"
        "    text += open(path, errors='replace').read()\n"
        f"{CANARY!r} in text"
    )
    assert shown(session, source) is False


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('127.0.0.1', 22), 1)",
        "socket.socket(socket.AF_INET6)",
        "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "open('/proc/1/mem', 'r+b')",
        "open('/usr/new', 'w')",
        "open('/lab/course/__init__.py', 'a')",
        "open('/etc/shadow')",
        "os.listdir('/root')",
        "os.setuid(0)",
        "os.chroot('.')",
        "os.mknod('device', 0o60600, os.makedev(8, 0))",
        "os.sethostname(b'x') if hasattr(os, 'sethostname') else socket.sethostname('x')",
        "os.link('/etc/passwd', 'linked')",
    ],
)
def test_a_forbidden_thing_raises(session: Session, attempt: str) -> None:
    run = session.run(f"import os, socket\n{attempt}")
    assert run.status == "error"
    assert run.outputs[0]["ename"] in (
        "PermissionError", "OSError", "FileNotFoundError"
    )  # fmt: skip


def test_without_walls_it_says_so_and_still_leaves_nothing() -> None:
    folders = set(Path(tempfile.gettempdir()).iterdir())
    warm = Warm(isolation="none", preload=[]).begin()
    with warm:
        assert "without walls" in warm.description
        walls = {wall.name: wall for wall in sandbox.proven(warm)}
        assert not walls["no network"].ok
        assert "bubblewrap" in walls["no network"].install
        session = warm.session()
        assert shown(session, "1 + 1") == 2
        work, pid = Path(shown(session, "import os; os.getcwd()")), session.pid
        assert work.exists()
    assert session.run("1").status == "crashed"
    with pytest.raises(SandboxError, match="gone"):
        warm.session()
    assert not work.exists()
    assert not Path(f"/proc/{pid}").exists()
    left = set(Path(tempfile.gettempdir()).iterdir()) - folders
    assert not [path for path in left if path.name.startswith("sandbox-")]


# --- hostile code: bounded, and behind walls that were proven -----------------------------------


def test_an_endless_cell_is_killed_on_time(proven: Warm) -> None:
    with proven.session() as session:
        source = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
        start = time.monotonic()
        run = session.run(source, timeout=0.5)
        assert (run.status, run.message) == ("timeout", "took longer than 0.5 s and was stopped")
        assert time.monotonic() - start < 10
        assert not session.alive
        assert session.run("1") == sandbox.CellRun(
            "crashed", [], pytest.approx(0, abs=1), run.message
        )
        assert session.ask(call("f")) == Answer("raised", error=run.message)


def test_an_interrupted_cell_shows_how_far_it_came(proven: Warm) -> None:
    with proven.session() as session:
        run = session.run("import time\nprint('so far')\ntime.sleep(60)", timeout=0.5)
        assert run.status == "timeout"
        assert printed(run) == "so far\n"
        assert run.outputs[-1]["ename"] == "KeyboardInterrupt"
        assert not session.alive


def test_an_endless_answer_is_killed_on_time(proven: Warm) -> None:
    with proven.session() as session:
        session.run("def f():\n    while True: pass")
        answer = session.ask(call("f"), timeout=0.5)
        assert answer == Answer("raised", error="took longer than 0.5 s and was stopped")
        assert not session.alive


def test_all_calls_together_are_bounded(proven: Warm) -> None:
    with proven.session(limits=Limits(session_seconds=0.8)) as session:
        runs = [session.run("import time; time.sleep(0.3)") for _ in range(4)]
        assert [run.status for run in runs][:2] == ["ok", "ok"]
        assert runs[2].status == "timeout"
        assert "took longer than 0.8 s in all" in runs[2].message


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import os; os._exit(3)", "exit code 3"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        (
            "import os\nfor fd in range(3, 256):\n    try: os.close(fd)\n    except OSError: pass",
            "",
        ),
        ("import os\nos.closerange(3, 256); import time; time.sleep(60)", "closed the connection"),
    ],
)
def test_a_crash_ends_the_session_and_nothing_else(proven: Warm, source: str, message: str) -> None:
    with proven.session() as bystander, proven.session() as session:
        run = session.run(source, timeout=5)
        assert run.status == "crashed"
        assert message in run.message
        assert not session.alive
        assert shown(bystander, "1 + 1") == 2


CHANNEL = (
    "import os, socket, stat, json, struct\n"
    "fds = [fd for fd in range(3, 256) if os.path.exists(f'/proc/self/fd/{fd}')"
    " and stat.S_ISSOCK(os.fstat(fd).st_mode)]\n"
    "def send(header, body=b'', size=None):\n"
    "    text = header if isinstance(header, bytes) else json.dumps(header).encode()\n"
    "    size = len(body) if size is None else size\n"
    "    os.write(fds[-1], struct.pack('!4sIQ', b'cnn1', len(text), size) + text + body)\n"
)


@pytest.mark.parametrize(
    "attack",
    [
        "os.write(fds[-1], b'garbage' * 10)",
        "send({'number': 99, 'good': True, 'outputs': []})",
        "send({'number': True, 'good': True, 'outputs': []})",
        "send({'good': True, 'outputs': []})",
        "send([])",
        "send(b'[' * 1000)",
        "send({}, size=1 << 60)",
        "os.write(fds[-1], struct.pack('!4sIQ', b'cnn1', 1 << 31, 0))",
        "send({'number': 2, 'good': True, 'outputs': 7})",
        "send({'number': 2, 'good': True, 'outputs': [{'output_type': 'stream', 'text': 9}]})",
        "send({'number': 2, 'outputs': [{'output_type': 'display_data', 'data': [['x', 0]]}]})",
        "send({'number': 2, 'outputs': [{'output_type': 'widget'}]})",
    ],
)
def test_garbage_on_the_channel_ends_the_session(proven: Warm, attack: str) -> None:
    with proven.session() as session:
        session.run(CHANNEL)
        run = session.run(attack)
        assert run.status == "crashed"
        assert "was stopped" in run.message
        assert run.outputs == []
        assert not session.alive


def test_forged_answers_are_claims_like_others(proven: Warm) -> None:
    with proven.session() as session:
        session.run(CHANNEL)
        session.run("send({'number': 3}, b'no answer')")
        answer = session.ask(call("f"))
        assert answer.kind == "raised"
        assert not session.alive or "no proper answer" in answer.error


def test_many_processes_are_limited_and_all_end(proven: Warm) -> None:
    bomb = (
        "import os, time\ncount = 0\n"
        "for _ in range(300):\n"
        "    try:\n        child = os.fork()\n"
        "    except OSError as error:\n        reason = error; break\n"
        "    if child == 0:\n        os.setsid(); time.sleep(60); os._exit(0)\n"
        "    count += 1\n"
        "count, type(reason).__name__\n"
    )
    with proven.session(limits=Limits(processes=20)) as session:
        count, reason = shown(session, bomb)
        assert count < 25
        assert reason == "BlockingIOError"
        everybody = family(session.pid)
        assert len(everybody) == count + 1
    assert not [pid for pid in everybody if Path(f"/proc/{pid}").exists()]


def test_memory_is_limited_within_one_process(proven: Warm) -> None:
    with proven.session(limits=Limits(memory=256 * MIB)) as session:
        run = session.run("import torch\nx = torch.ones(512 << 20, dtype=torch.uint8)")
        assert run.status == "error"
        assert "allocate" in run.message
        assert session.run("y = b'x' * (512 << 20)").message.startswith("MemoryError")
        assert shown(session, "1 + 1") == 2


def test_memory_is_limited_over_all_processes(proven: Warm) -> None:
    hog = (
        "import os, time\n"
        "for _ in range(12):\n"
        "    if os.fork() == 0:\n"
        "        kept = bytearray(os.urandom(1 << 20) * 100); time.sleep(60)\n"
        "time.sleep(60)\n"
    )
    with proven.session(limits=Limits(memory=128 * MIB)) as session:
        run = session.run(hog, timeout=30)
        assert run.status == "limit"
        assert "memory" in run.message


def test_memory_is_limited_where_no_group_took_the_processes(
    proven: Warm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group that is empty says that nothing is used."""
    monkeypatch.setattr(Group, "add", lambda group, pid: False)
    hog = (
        "import os, time\n"
        "for _ in range(12):\n"
        "    if os.fork() == 0:\n"
        "        kept = bytearray(os.urandom(1 << 20) * 100); time.sleep(60)\n"
        "time.sleep(60)\n"
    )
    with proven.session(limits=Limits(memory=128 * MIB)) as session:
        run = session.run(hog, timeout=30)
        assert run.status == "limit"
        assert "memory" in run.message


BURN = (
    "import os, time\n"
    "def burn(seconds):\n"
    "    begun = time.process_time()\n"
    "    while time.process_time() - begun < seconds: pass\n"
    "    return seconds\n"
)
CROWD = "for _ in range(30):\n    if os.fork() == 0:\n        burn(5); os._exit(0)\n"


def test_waiting_for_others_costs_no_time(proven: Warm) -> None:
    """Alone it takes half of what it may take; beside a crowd, many times that by the clock."""
    with proven.session() as crowd, proven.session() as honest:
        for one in (crowd, honest):
            one.run(BURN)
        assert crowd.run(CROWD).status == "ok"
        assert honest.run("burn(0.7)", timeout=1.4).message == ""
        assert honest.ask(call("burn", 0.7), timeout=1.4).value == 0.7
        assert not honest.starved


def test_time_between_questions_counts_and_is_nobody_s_answer(proven: Warm) -> None:
    """Or what a cell has begun takes processors from others for nothing."""
    with proven.session() as session:
        session.run(BURN)
        session.run("if os.fork() == 0:\n    burn(60)")
        time.sleep(1.5)
        assert session.run("1").status == "ok"
        assert session.took < 0.3
        assert session.spent > 0.5


def test_a_cell_that_takes_too_long_is_not_waited_for_where_nobody_looks(proven: Warm) -> None:
    """One that does not listen: it would have the half second in which it may show something."""
    deaf = "try:\n    while True: pass\nexcept KeyboardInterrupt:\n    time.sleep(60)"
    with proven.session() as session:
        session.run("import time")
        begun = time.monotonic()
        assert session.run(deaf, timeout=0.3, grace=False).status == "timeout"
        assert time.monotonic() - begun < 0.3 + GRACE_SECONDS


def test_the_time_of_all_processes_is_counted(proven: Warm) -> None:
    children = "for _ in range(3):\n    if os.fork() == 0:\n        burn(1); os._exit(0)\n"
    with proven.session() as session:
        session.run(BURN)
        assert session.run(f"{children}for _ in range(3):\n    os.wait()").status == "ok"
        assert session.spent > 2.5
        run = session.run(f"{children}time.sleep(60)", timeout=2)
        assert run.status == "timeout"
        assert session.late


def test_sleeping_costs_time(proven: Warm) -> None:
    with proven.session() as session:
        run = session.run("import time; time.sleep(60)", timeout=1)
        assert run.message == "took longer than 1 s and was stopped"
        assert run.seconds < 10
        assert session.late


def test_memory_is_limited_over_many_short_exchanges(proven: Warm) -> None:
    """None of them takes as long as the time between two looks."""
    hog = (
        "import os, time\n"
        "def hog():\n"
        "    if os.fork() == 0:\n"
        "        kept = bytearray(os.urandom(1 << 20) * 40); time.sleep(60); os._exit(0)\n"
        "    time.sleep(0.1)\n"
    )
    with proven.session(limits=Limits(memory=256 * MIB)) as session:
        session.run(hog)
        answers = [session.ask(call("hog")) for _ in range(40)]
        assert not session.alive
        assert "memory" in answers[-1].error


def test_memory_in_sockets_is_limited(proven: Warm) -> None:
    flood = (
        "import os, socket, time\n"
        "def fill():\n"
        "    kept = []\n"
        "    try:\n"
        "        while True:\n"
        "            kept.append(socket.socketpair())\n"
        "            for one in kept[-1]:\n"
        "                one.setblocking(False)\n"
        "                try:\n"
        "                    while True: one.send(bytes(30_000))\n"
        "                except BlockingIOError: pass\n"
        "    except OSError: time.sleep(60)\n"
        "for _ in range(8):\n"
        "    if os.fork() == 0: fill()\n"
        "time.sleep(30)\n"
    )
    with proven.session(limits=Limits(memory=128 * MIB)) as session:
        larger = "import socket\nsocket.socketpair()[0].setsockopt(1, socket.SO_SNDBUF, 1 << 20)"
        assert session.run(larger).message.startswith("PermissionError")
        run = session.run(flood, timeout=25)
        assert run.status == "limit"
        assert "memory" in run.message


def test_what_control_groups_there_are_is_said_and_nothing_is_left(proven: Warm) -> None:
    folders = set(proven._groups.folders.values())
    assert ("control groups: " if folders else "no control group") in proven.description
    with proven.session() as session:
        made = [one for folder in folders for one in folder.glob(f"{NAME}{os.getpid()}-*")]
        assert bool(made) == bool(folders)
        for one in made:
            assert str(session.pid) in (one / "cgroup.procs").read_text().split()
    assert not [one for folder in folders for one in folder.glob(f"{NAME}{os.getpid()}-*")]


def test_processor_time_is_limited(proven: Warm) -> None:
    with proven.session(limits=Limits(cpu_seconds=1)) as session:
        run = session.run("while True: pass", timeout=60)
        assert run.status == "limit"
        assert "1 s of processor time" in run.message


def test_files_are_limited(proven: Warm) -> None:
    limits = Limits(file_bytes=4 * MIB, folder_bytes=10 * MIB, folder_files=50)
    with proven.session(limits=limits) as session:
        assert "too large" in session.run("open('a', 'wb').write(bytes(5 << 20))").message
        fill = "for i in range(4): open(f'b{i}', 'wb').write(bytes(3 << 20))"
        assert "No space" in session.run(fill).message
        session.run("import os\nfor name in os.listdir(): os.unlink(name)")
        many = "for i in range(100): open(f'c{i}', 'w').close()"
        assert "No space" in session.run(many).message
        several = "kept = [open('/dev/null') for i in range(300)]"
        assert "Too many open files" in session.run(several).message


@pytest.mark.parametrize(
    "flood",
    [
        "for i in range(200_000): print('x' * 100)",
        "print('x' * 20_000_000)",
        "from IPython.display import display\nfor i in range(5000): display(i)",
        "import os\nfor i in range(200): os.write(1, b'x' * 100_000)",
        "!head -c 20000000 /dev/urandom | base64",
    ],
)
def test_a_flood_of_output_is_cut(proven: Warm, flood: str) -> None:
    limits = Limits(output_bytes=100_000, output_count=50)
    with proven.session(limits=limits) as session:
        run = session.run(flood)
        assert run.status == "ok"
        assert len(run.outputs) <= 52
        assert len(printed(run)) < 101_000
        assert "the rest is cut" in printed(run)
        assert session.alive


def test_a_tampered_collector_is_stopped_outside(proven: Warm) -> None:
    with proven.session(limits=Limits(output_bytes=10_000)) as session:
        session.run("get_ipython().collector.max_bytes = 1 << 40")
        run = session.run("print('x' * 1_000_000)")
        assert run.status == "crashed"
        assert "1,000," in run.message
        assert run.outputs == []


def test_a_patched_course_only_harms_its_own_answers(proven: Warm) -> None:
    with proven.session() as victim, proven.session() as session:
        session.run(
            "import course.checks.probes as p, torch, autograde.sandbox.transport as t\n"
            "t.encode_answer = lambda *a: b'junk'\ntorch.allclose = lambda *a, **k: True\n"
            "def f(x):\n    return x"
        )
        assert "no proper answer" in session.ask(call("f", 1)).error
        victim.run("def f(x):\n    return x")
        assert victim.ask(call("f", 1)).value == 1


# --- starting, and failing to -------------------------------------------------------------------


def test_without_bubblewrap_it_refuses_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(IsolationError, match=r"bubblewrap.*install the system package") as caught:
        Warm().__enter__()
    assert caught.value.wall == "bubblewrap"


def test_without_seccomp_it_refuses_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    with pytest.raises(IsolationError, match=r"seccomp.*pip install pyseccomp.*libseccomp2"):
        Warm().__enter__()


def test_where_user_namespaces_are_forbidden_it_says_how_to_allow_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(IsolationError, match=r"uid map.*apparmor_restrict_unprivileged_userns"):
        Warm().__enter__()


def test_a_module_that_is_missing_is_named() -> None:
    with pytest.raises(SandboxError, match="no_such_module"):
        Warm(isolation="none", preload=["no_such_module"]).__enter__()


def test_other_kinds_of_isolation_are_refused() -> None:
    with pytest.raises(ValueError, match="'full', 'user' or 'none'"):
        Warm(isolation="half")  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [0, -1])
def test_limits_are_above_zero(wrong: int) -> None:
    with pytest.raises(ValueError, match="memory must be above 0"):
        Limits(memory=wrong)


def test_everything_ends_with_a_killed_grader() -> None:
    read, write = os.pipe()
    grader = os.fork()
    if grader == 0:
        with Warm(preload=[]) as warm, warm.session() as session:
            os.write(write, str(session.pid).encode())
            session.run("import time; time.sleep(120)", timeout=120)
        os._exit(0)
    os.close(write)
    student = int(os.read(read, 20))
    os.close(read)
    assert Path(f"/proc/{student}").exists()
    os.kill(grader, signal.SIGKILL)
    os.waitpid(grader, 0)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{student}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{student}").exists()


def test_is_a_warm_process_gone_that_another_thread_has_closed() -> None:
    """As where a worker's threads share it, and one of them found that it had ended."""
    with Warm(isolation="none", preload=[]) as warm:
        warm.check()
        warm.close()
        with pytest.raises(SandboxError, match="the warm process is gone"):
            warm.check()


def ordinary_interpreter() -> str:
    """A Python that an ordinary user can start, with this one's packages."""
    name = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    here = os.path.realpath(sys.executable)
    for candidate in (here, name):
        works = subprocess.run(
            ["runuser", "-u", "nobody", "--", candidate, "-c", ""], capture_output=True, check=False
        )
        if works.returncode == 0:
            return candidate
    return ""


@pytest.mark.skipif(os.getuid() != 0, reason="the other tests run as an ordinary user already")
def test_it_works_as_an_ordinary_user() -> None:
    if not (interpreter := ordinary_interpreter()):
        pytest.skip("no interpreter of this version that an ordinary user can start")
    script = (
        "from autograde.sandbox import Warm, proven\n"
        "with Warm(preload=[]) as warm, warm.session() as session:\n"
        "    proven(warm)\n"
        "    print(session.run('1 + 1').outputs[0]['data'])\n"
    )
    paths = [str(ROOT), *(path for path in sys.path if path.endswith("-packages"))]
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        ["runuser", "-u", "nobody", "--", interpreter, "-P", "-c", script],
        env=variables,
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    assert done.stdout == "{'text/plain': '2'}\n", done.stderr


CROWDED = """
import os, time
end = time.monotonic() + 12
for _ in range(40):
    if os.fork() == 0:
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})
        while time.monotonic() < end:
            time.sleep(0.1 - time.monotonic() % 0.1)
            since = time.monotonic()
            while time.monotonic() - since < 0.0002:
                pass
        os._exit(0)
while time.monotonic() < end:
    time.sleep(0.5)
"""


def test_processes_that_wait_for_each_other_use_time(proven: Warm) -> None:
    with proven.session() as session:
        begun = time.monotonic()
        found = session.run(CROWDED, timeout=3.0)
        assert found.status == "timeout"
        assert time.monotonic() - begun < 10


def test_is_a_kill_by_the_system_told_apart_from_an_end_of_the_students_own(proven: Warm) -> None:
    with proven.session() as session:
        os.kill(session.pid, signal.SIGKILL)
        assert session.run("1").status == "limit"
        assert session.killed
    with proven.session() as session:
        assert session.run("import os; os._exit(9)").status == "crashed"
        assert not session.killed


def test_files_that_only_their_owner_may_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "course").mkdir(mode=0o755)
    (tmp_path / "course" / "a.py").touch(mode=0o644)
    launch.check_readable([tmp_path / "course"])
    (tmp_path / "course" / "a.py").chmod(0o600)
    with pytest.raises(SandboxError, match=r"a\.py can be read by its owner alone.*chmod -R go"):
        launch.check_readable([tmp_path / "course"])
