# ---
# jupyter:
#   sample:
#     says: reads the machine's accounts, keys and histories
# ---

# %% before="relu"
import os

got = []
for path in (
    "/etc/shadow", "/etc/sudoers", "/etc/machine-id", "/etc/hostname", "/etc/ssh/ssh_host_rsa_key",
    "@HOME@/.ssh/id_rsa", "@HOME@/.netrc", "@HOME@/.bash_history", "@HOME@/.pypirc", "/root/.bashrc",
    "@HOME@/.bashrc", "/var/lib/dpkg/status", "/var/log/dpkg.log", "/run/systemd",
):
    if os.access(path, os.R_OK):
        got.append(path)
names = [line.split(":")[0] for line in open("/etc/passwd")]
print("got:", got + [name for name in names if name != "student"])
