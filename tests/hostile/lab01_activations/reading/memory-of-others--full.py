# ---
# jupyter:
#   sample:
#     says: reads the memory of the first process and of its parent
# ---

# %% before="relu"
import ctypes, os

libc, got = ctypes.CDLL(None, use_errno=True), []
buffer = ctypes.create_string_buffer(4096)


class Vector(ctypes.Structure):
    """struct iovec."""

    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


for process in {1, os.getppid(), @PIDS@} - {os.getpid(), 0}:
    here, there = Vector(ctypes.addressof(buffer), 4096), Vector(0x400000, 4096)
    if libc.process_vm_readv(process, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
        got.append(("vm_readv", process))
    for name in ("mem", "maps", "smaps", "auxv", "syscall"):
        try:
            with open(f"/proc/{process}/{name}", "rb") as file:
                file.read(1) if name != "mem" else None
            got.append((name, process))
        except OSError:
            pass
print("got:", got)
