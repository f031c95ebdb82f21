# ---
# jupyter:
#   sample:
#     says: prints what /proc tells of every process and thread
# ---

# %% before="relu"
import os

for folder, folders, files in os.walk("/proc"):
    if folder.count("/") > 3:
        folders.clear()
    for name in set(files) & {"cmdline", "environ", "maps", "mountinfo", "stack", "wchan"}:
        try:
            print(open(f"{folder}/{name}", errors="replace").read(4000))
        except OSError:
            pass
for name in ("root", "cwd", "exe"):
    try:
        print(os.readlink(f"/proc/1/{name}"), os.listdir(f"/proc/1/{name}/"))
    except OSError as error:
        print(error)
