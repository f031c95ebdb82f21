"""Downloads that end: no answer or a crawl is given up soon, with the reason."""

from __future__ import annotations

import hashlib
import queue
import threading
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

from tqdm import tqdm

from course.data.sources import SourceUnavailable
from course.data.storage import describe

ANSWER_SECONDS = 5.0  # until a host answers; offline, this is all that is waited
STALL_SECONDS = 20.0  # without a single byte
TRIAL_SECONDS = 20.0  # after which the speed so far decides
LONGEST_SECONDS = 600.0  # for a whole file, at that speed
CHUNK = 1 << 18


def download(url: str, path: Path, *, md5: str, progress: bool = False) -> None:
    """Fetch ``url`` into ``path`` and check its MD5 sum.

    Raises:
        SourceUnavailable: no answer, too slow, or other contents than expected.
    """
    host = urlsplit(url).hostname or url
    try:
        with _answer(url) as response, path.open("wb") as file:
            digest = _copy(response, file.write, host, progress)
    except HTTPError as error:
        error.close()
        raise SourceUnavailable(f"{host} answered {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:  # URLError is an OSError that wraps another
        reason = getattr(error, "reason", error)
        text = describe(reason) if isinstance(reason, BaseException) else str(reason)
        raise SourceUnavailable(f"download from {host} failed ({text})") from error
    if digest != md5:
        raise SourceUnavailable(f"{host} sent a damaged file (MD5 {digest}, expected {md5})")


def _answer(url: str) -> HTTPResponse:
    """Open ``url``, in a thread: looking up a name has no time limit of its own."""
    answers: queue.Queue[HTTPResponse | BaseException] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(urllib.request.urlopen(url, timeout=STALL_SECONDS))
        except BaseException as error:  # handed to the caller, whatever it is
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=ANSWER_SECONDS)
    except queue.Empty:
        raise TimeoutError(f"no answer within {ANSWER_SECONDS:.0f} s") from None
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _copy(
    response: HTTPResponse, write: Callable[[bytes], object], host: str, progress: bool
) -> str:
    """Copy the body through ``write``; returns its MD5 sum in hex."""
    digest = hashlib.md5(usedforsecurity=False)
    total = int(response.headers.get("Content-Length") or 0)
    began, received = time.monotonic(), 0
    if progress and total:
        print(announced(total, host), flush=True)
    with tqdm(total=total or None, unit="B", unit_scale=True, disable=not progress) as bar:
        bar.set_description(host)
        while chunk := response.read(CHUNK):
            write(chunk)
            digest.update(chunk)
            bar.update(len(chunk))
            received += len(chunk)  # a bar that is off doesn't count
            _give_up_if_slow(received, total, time.monotonic() - began)
    return digest.hexdigest()


def announced(size: int, place: str) -> str:
    """What is said before anything large is fetched; ``size`` in bytes."""
    return f"fetching {size / 1e6:.0f} MB, once, from {place}; to stop: Kernel, Interrupt"


def _give_up_if_slow(received: int, total: int, seconds: float) -> None:
    if seconds < TRIAL_SECONDS:
        return
    expected = seconds * total / received if total else seconds
    if expected > LONGEST_SECONDS:
        raise TimeoutError(f"at this speed it would take {expected / 60:.0f} minutes")
