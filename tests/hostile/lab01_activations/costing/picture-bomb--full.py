# ---
# jupyter:
#   sample:
#     says: a small picture that is very large, and vectors that repeat themselves
# ---

# %% before="relu"
from IPython.display import HTML, Latex, Markdown, display


import base64, struct, zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


rows = zlib.compress(bytes(20_000 * 2_501), 9)
png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 1, 0, 0, 0, 0))
png += chunk(b"IDAT", rows) + chunk(b"IEND", b"")
display({"image/png": base64.b64encode(png).decode()}, raw=True)
uses = "".join(f'<g id="a{n + 1}">' + f'<use href="#a{n}"/>' * 10 + "</g>" for n in range(12))
display({"image/svg+xml": f'<svg xmlns="http://www.w3.org/2000/svg"><g id="a0"/>{uses}</svg>'}, raw=True)
