# ---
# jupyter:
#   sample:
#     says: reads the kernel's log, its symbols and its devices
# ---

# %% before="relu"
import glob, os

got = []
for path in (
    "/dev/kmsg", "/proc/kmsg", "/proc/kcore", "/dev/mem", "/dev/port", "/sys/kernel/debug", "/sys/fs/cgroup",
    "/proc/sysrq-trigger", "/sys/firmware", "/sys/class/net", "/dev/dri", "/dev/kvm", "/dev/fuse", "/dev/loop0",
    *glob.glob("/dev/sd*"), *glob.glob("/dev/vd*"), *glob.glob("/dev/nvme*"),
):
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        os.close(number)
        got.append(path)
    except OSError:
        pass
print("got:", got)
!dmesg | tail -3
