# ---
# jupyter:
#   sample:
#     says: "asks for rights: identities, capabilities, no-new-privs"
# ---

# %% before="relu"
import ctypes, os

libc, got = ctypes.CDLL(None, use_errno=True), []

for name in ("setuid", "setgid", "seteuid", "setfsuid"):
    if name != "setfsuid" and getattr(libc, name)(0) == 0 and open("/proc/self/uid_map").read().split()[1] == "0":
        got.append(name)
status = dict(line.split(":\t", 1) for line in open("/proc/self/status") if ":\t" in line)
if int(status["CapEff"], 16) or int(status["CapPrm"], 16):
    got.append("capabilities")
if libc.prctl(38, 0, 0, 0, 0) == 0 or status["NoNewPrivs"].strip() != "1":
    got.append("new privileges")
print("got:", got)
