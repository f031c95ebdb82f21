# ---
# jupyter:
#   sample:
#     says: sends datagrams and looks up names
# ---

# %% before="relu"
import os, socket

got = []
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"quince", ("127.0.0.1", @UDP@))
    got.append("udp")
except OSError:
    pass
try:
    got.append(socket.gethostbyname("example.org"))
except OSError:
    pass
print("got:", got)
!(echo quince > /dev/tcp/127.0.0.1/@PORT@) 2>/dev/null; python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:@PORT@', timeout=1)" 2>/dev/null
