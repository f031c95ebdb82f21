# ---
# jupyter:
#   sample:
#     says: mounts, binds and turns the root
# ---

# %% before="relu"
import ctypes, os

libc, got = ctypes.CDLL(None, use_errno=True), []

os.makedirs("m", exist_ok=True)
tries = {
    "tmpfs": lambda: libc.mount(b"none", b"m", b"tmpfs", 0, None),
    "bind": lambda: libc.mount(b"/", b"m", None, 0x1000, None),
    "proc": lambda: libc.mount(b"proc", b"m", b"proc", 0, None),
    "remount": lambda: libc.mount(None, b"/", None, 0x20, None),
    "umount": lambda: libc.umount2(b"/proc", 2),
    "pivot": lambda: libc.syscall(155, b"m", b"m"),
    "chroot": lambda: libc.chroot(b"m"),
    "fsopen": lambda: min(0, libc.syscall(430, b"tmpfs", 0)),
    "open_tree": lambda: min(0, libc.syscall(428, -100, b"/", 1)),
}
print("got:", [name for name, attempt in tries.items() if attempt() == 0])
