# ---
# jupyter:
#   sample:
#     says: connects and binds sockets of every family
# ---

# %% before="relu"
import itertools, os, socket

got = []
for name in ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG", "AF_CAN", "AF_BLUETOOTH", "AF_TIPC"):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try:
            socket.socket(getattr(socket, name), kind).close()
            got.append((name, kind))
        except (OSError, AttributeError):
            pass
for path in (b"\0quince-listener-@PORT@", b"@WORK@/listener", b"@WORK@/../listener"):
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(path)
            link.send(b"quince")
        got.append(path)
    except OSError:
        pass
print("got:", got)
