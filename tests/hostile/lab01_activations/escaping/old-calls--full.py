# ---
# jupyter:
#   sample:
#     says: makes system calls as a 32-bit program, where filters forget to look
# ---

# %% before="relu"
import ctypes, mmap, os

child = os.fork()
if child == 0:
    # socket(AF_INET, SOCK_STREAM, 0) by int 0x80
    code = bytes.fromhex("53b867010000bb02000000b90100000031d2cd805bc3")
    place = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE, prot=7)
    place.write(code)
    call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(place)))
    os._exit(7 if call() >= 0 else 0)
found = os.waitpid(child, 0)[1]
print("got:", ["a socket"] if os.WIFEXITED(found) and os.WEXITSTATUS(found) == 7 else [])
