"""What things cost in CPU seconds, by the processes that did them."""

import psutil
from mains_server.db.embedded import EmbeddedServer


def server_cpu(server: EmbeddedServer) -> float:
    """Sum the CPU of the database server's processes, those that ended included."""
    pid = int((server.data / "postmaster.pid").read_text().splitlines()[0])
    postmaster = psutil.Process(pid)
    times = postmaster.cpu_times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in postmaster.children():
        try:
            total += sum(child.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return float(total)
