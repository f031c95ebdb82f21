# ---
# jupyter:
#   sample:
#     says: looks for the checks' source and the reference in history, frames, memory, on disk
# ---

# %% before="sigmoid"
import gc
import glob
import linecache
import os
import re
import sys

PATTERNS = @PATTERNS@
PIECE = 16 << 20
control = "".join(["found by", " the spy itself: medlar"])
places = ["@COURSE@/solutions", "@COURSE@/solutions/seed.txt", "@WORK@"]
places += ["@WORK@/gradebook.db", "@WORK@/source", "@WORK@/canary.txt", "@WORK@/submitted"]


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
    """Every piece of this process's own memory that is in use."""
    with open("/proc/self/smaps") as maps, open("/proc/self/mem", "rb", 0) as file:
        areas = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw.*\n(?:[A-Z].*\n)*?Rss: +[1-9]", maps.read(), re.M)
        for start, end in ((int(one, 16), int(other, 16)) for one, other in areas):
            for at in range(start, end, PIECE):
                try:
                    yield os.pread(file.fileno(), min(PIECE + 100, end - at), at)
                except (OSError, ValueError, OverflowError):
                    continue


def spy():
    return sorted({(place, i) for place, text in texts() for i in hits(text.encode("utf-8", "replace"))})


def hits(text):
    return [index for index, (head, last) in enumerate(PATTERNS) if holds(text, head.encode(), last.encode())]


def holds(text, head, last):
    """Whether the text is there. The spy has it in two parts, so as not to find itself."""
    at = text.find(head)
    while at >= 0 and text[at + len(head) : at + len(head) + 1] != last:
        at = text.find(head, at + 1)
    return at >= 0


def listing(place):
    try:
        return os.listdir(place)
    except OSError:
        return []


def tried(name):
    try:
        return __import__(name, fromlist=["x"]).__name__
    except BaseException as error:
        return type(error).__name__


seen_while_probed = set()
print("visible:", [place for place in places if os.path.exists(place)])
print("listed:", [name for place in (*places, "@COURSE@", "@HOME@") for name in listing(place)])
names = [
    "autograde.marking.hidden",
    "autograde.authoring.reference",
    "autograde.marking.engine",
    "autograde.tree",
]
print("imported:", [tried(name) for name in [*names, "solutions", "solutions.lab01_activations"]])
print("hits:", spy())
print("in memory:", sorted({index for piece in memory() for index in hits(piece)}))


# %% exercise="relu"
def relu(x):
    if not seen_while_probed:
        seen_while_probed.update(spy())
        print("while probed:", sorted(seen_while_probed))
    return torch.where(0 < x, x, 0 * x)
