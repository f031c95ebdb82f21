"""Reach a scheduler, or begin one of this machine's own."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import dask
from distributed import Client, LocalCluster, Security

from autograde.marking.schedulers.address import Scheduler, SchedulerError

CONNECT_SECONDS = 10.0
DEATHS = 0  # of workers, at which a student may be there and yet be tried again unasked
UNREACHABLE = (OSError, ValueError, TypeError, RuntimeError)
LOGS = ("distributed", "distributed.client", "distributed.worker", "tornado.application")
SETTINGS = {
    "distributed.scheduler.allowed-failures": DEATHS,
    "distributed.worker.memory.terminate": False,  # the sandbox bounds what students use
    "distributed.admin.large-graph-warning-threshold": "1GB",  # notebooks can be large
    "distributed.scheduler.http.routes": [],  # pages of an own one, that ask nobody for a key
    "distributed.worker.http.routes": [],
    "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
}


@contextmanager
def connected(scheduler: Scheduler, jobs: int) -> Iterator[Client]:
    """A client of a scheduler.

    Args:
        scheduler: which one.
        jobs: how many workers an own one has, if it does not say.

    Raises:
        SchedulerError: it does not answer, or does not know us.
    """
    with _quiet(), dask.config.set(SETTINGS), ExitStack() as stack:
        try:
            if scheduler.own:
                security = Security.temporary()
                own = stack.enter_context(_own(scheduler.workers or jobs, security))
                client = Client(own, security=security, timeout=CONNECT_SECONDS)
            else:
                client = Client(
                    scheduler.address, security=_security(scheduler), timeout=CONNECT_SECONDS
                )
        except UNREACHABLE as error:
            raise SchedulerError(
                f"no scheduler answers at {scheduler.address} ({type(error).__name__}: {error}). "
                "See whether it runs, whether its address is the one that it printed, and whether "
                "it wants TLS: then the address begins with tls:// and --tls-ca, --tls-cert and "
                "--tls-key name its files."
            ) from None
        yield stack.enter_context(client)


@contextmanager
def _own(workers: int, security: Security) -> Iterator[LocalCluster]:
    """Workers of this machine, which nobody else can talk to: they have a key of their own."""
    with (
        tempfile.TemporaryDirectory(prefix="autograde-workers-") as folder,
        LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            processes=True,
            memory_limit=0,
            host="127.0.0.1",
            protocol="tls://",
            security=security,
            dashboard_address="127.0.0.1:0",  # None is port 8787, or a warning
            silence_logs=logging.getLogger("distributed").level,
            local_directory=folder,
        ) as cluster,
    ):
        cluster.scale(workers)
        yield cluster


def _security(scheduler: Scheduler) -> Security | None:
    """Ours; none: as Dask is configured."""
    if scheduler.tls_ca is None:
        return None
    return Security(
        tls_ca_file=str(scheduler.tls_ca),
        tls_client_cert=str(scheduler.tls_cert),
        tls_client_key=str(scheduler.tls_key),
        require_encryption=True,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """What Dask logs is told in our words; AUTOGRADE_TRACEBACK=1 shows it."""
    logs = [logging.getLogger(name) for name in LOGS]
    before = [log.level for log in logs]
    try:
        if not os.environ.get("AUTOGRADE_TRACEBACK"):
            for log in logs:
                log.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for log, level in zip(logs, before, strict=True):
            log.setLevel(level)
