# ---
# jupyter:
#   sample:
#     says: lists the machine's users, mails, jobs and logs
# ---

# %% before="relu"
import os

got = []
for path in ("/home", "/root", "/var/mail", "/var/spool/cron", "/var/log", "/srv", "/opt", "/mnt", "/media", "@HOME@"):
    try:
        if os.listdir(path):
            got.append(path)
    except OSError:
        pass
print("got:", got)
