# ---
# jupyter:
#   sample:
#     says: looks for the checks' source and the reference in history, frames, memory, on disk
# ---

# %% before="relu"
import gc
import glob
import linecache
import os
import re
import sys

PATTERNS = @PATTERNS@
control = "".join(["found by", " the spy itself: medlar"])
places = ["@COURSE@", "@COURSE@/solutions", "@COURSE@/solutions/checks/seed.txt", "@WORK@"]
places += ["@WORK@/gradebook.db", "@WORK@/source", "@WORK@/canary.txt", "@HOME@"]


def texts():
    """All that could hold source: history, frames, cached lines, modules, the process's memory."""
    yield "history", repr(globals().get("In")) + repr(list(get_ipython().history_manager.get_range()))
    yield "lines", repr(linecache.cache)
    frame = sys._getframe()
    while frame:
        yield "frames", frame.f_code.co_filename + repr(sorted(frame.f_locals)) + said(frame.f_locals)
        frame = frame.f_back
    yield "environment", repr(dict(os.environ))
    for path in glob.glob("/proc/*/environ") + glob.glob("/proc/*/cmdline"):
        yield path, read(path)


def said(values):
    try:
        return repr({name: value for name, value in values.items() if isinstance(value, str)})
    except Exception:
        return ""


def read(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def memory():
    """Every writable piece of this process's memory."""
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps.read().splitlines():
            area, mode, *rest = line.split()
            start, end = (int(edge, 16) for edge in area.split("-"))
            if mode.startswith("rw") and end - start < 1 << 29:
                try:
                    memory.seek(start)
                    yield memory.read(end - start)
                except (OSError, ValueError, OverflowError):
                    continue


def spy():
    found = {(place, index) for place, text in texts() for index in hits(text.encode("utf-8", "replace"))}
    return sorted(found | {("memory", index) for piece in memory() for index in hits(piece)})


def hits(text):
    return [index for index, pattern in enumerate(PATTERNS) if re.search(pattern.encode(), text)]


def tried(name):
    try:
        return __import__(name, fromlist=["x"]).__name__
    except BaseException as error:
        return type(error).__name__


seen_while_probed = set()
print("visible:", [place for place in places if os.path.exists(place)])
print("listed:", [name for place in places for name in (os.listdir(place) if os.path.isdir(place) else [])])
names = ["autograde.hidden", "autograde.reference", "autograde.engine", "autograde.tree"]
print("imported:", [tried(name) for name in [*names, "solutions", "solutions.lab01_activations"]])
print("hits:", spy())


# %% exercise="relu"
def relu(x):
    if not seen_while_probed:
        seen_while_probed.update(spy())
    return torch.where(x > 0, x, torch.zeros_like(x))


# %% before="leaky_relu"
print("while probed:", sorted(seen_while_probed))
