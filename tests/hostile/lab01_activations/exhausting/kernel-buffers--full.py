# ---
# jupyter:
#   sample:
#     says: fills socket pairs and pipes, memory that no process has
# ---

# %% before="relu"
import fcntl, os, socket

kept, filled = [], 0
try:
    for _ in range(500):
        pair = socket.socketpair()
        kept.append(pair)
        pair[0].setblocking(False)
        pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
        try:
            while filled < 400 << 20:
                filled += pair[0].send(bytes(1 << 16))
        except BlockingIOError:
            pass
    for _ in range(100):
        one, other = os.pipe()
        kept.append((one, other))
        fcntl.fcntl(other, 1031, 1 << 20)
except OSError as error:
    print(error)
print("filled", filled >> 20, "MiB")
kept.clear()
