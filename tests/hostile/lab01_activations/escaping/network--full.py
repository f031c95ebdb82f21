# ---
# jupyter:
#   sample:
#     says: calls home, and this machine
# ---

# %% before="sigmoid"
import socket

reached = []
for family in (socket.AF_INET, socket.AF_INET6):
    for place in (("127.0.0.1", @PORT@), ("192.0.2.1", 80), ("1.1.1.1", 53), ("::1", @PORT@)):
        try:
            with socket.socket(family) as link:
                link.settimeout(1)
                link.connect(place)
                reached.append(place)
        except OSError:
            pass
for name in (b"\0quince", "@WORK@/socket"):
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(name)
            reached.append(name)
    except OSError:
        pass
print("reached:", reached)
!curl -s -m 2 http://127.0.0.1:@PORT@
