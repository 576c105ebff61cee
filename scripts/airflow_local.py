"""Airflow on this machine alone, with this checkout's DAGs and a login: `make airflow`. Ctrl-C ends all of it.

The components are started one by one, not by `airflow standalone`: that one serves logs to the whole network, and
leaves processes behind when it is ended. Everything they write goes under var/airflow. From the environment, all
optional: AIRFLOW_PORT (8080, or a free one), DAGS_FOLDER (dags), DATASYNC_SETTINGS (datasync.yaml).
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import math
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "var" / "airflow"
PASSWORDS = HOME / "passwords.json"
AIRFLOW = str(Path(sys.executable).with_name("airflow"))
COMPONENTS = {
    "api-server": [],
    "scheduler": ["--skip-serve-logs"],
    "dag-processor": [],
    "triggerer": ["--skip-serve-logs"],
}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
HEALTHY_WITHIN, DAG_WITHIN, ENDED_WITHIN = 120, 60, 5

# A proxy that the environment names would be asked for this machine's own pages.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class Ended(Exception):
    """Somebody asked for the end: Ctrl-C, a SIGTERM, a closed terminal."""


class Trouble(Exception):
    """Airflow cannot be started, or a part of it stopped; the words say why."""


def main() -> int:
    """Start, wait until it can be used, say where, and stay until told to end."""
    for number in SIGNALS:
        signal.signal(number, _raise_ended)
    adopt_orphans()
    HOME.mkdir(parents=True, exist_ok=True)
    try:
        with open(HOME / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            serve()
    except BlockingIOError:
        print("This checkout's Airflow is running already.", file=sys.stderr)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
    except Ended:
        return 0
    finally:
        end()
    return 1


def serve() -> None:
    """Run Airflow; the only way out is an exception."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    password = password_of_admin()
    env = environment(port)
    print("Starting Airflow ...", flush=True)
    prepare_database(env)
    running = {name: start(name, options, env) for name, options in COMPONENTS.items()}
    wait(running, HEALTHY_WITHIN, lambda: is_healthy(url), "Airflow did not become healthy")
    wait(running, DAG_WITHIN, lambda: has_resync(url, password), f"No DAG catalog_resync in {env['DAGS_FOLDER']}")
    print(
        f"""
  Resync form   {url}/dags/catalog_resync  (the button Trigger; an empty store needs catalog_sync first)
  Login         admin / {password}
  Logs          {log_of("*")}

Ctrl-C ends it.""",
        flush=True,
    )
    wait(running, math.inf, lambda: False, "")


def environment(port: int) -> dict[str, str]:
    """What the components are told: nothing of another Airflow that the environment may name is touched."""
    dags = str(Path(os.environ.get("DAGS_FOLDER") or ROOT / "dags").resolve())
    told = {
        "CORE__DAGS_FOLDER": dags,
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(PASSWORDS),
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__BASE_URL": f"http://127.0.0.1:{port}",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
        "LOGGING__BASE_LOG_FOLDER": str(HOME / "logs"),
    }
    return {
        **os.environ,
        **{f"AIRFLOW__{key}": value for key, value in told.items()},
        "AIRFLOW_HOME": str(HOME),
        "DAGS_FOLDER": dags,
        "DATASYNC_SETTINGS": str(Path(os.environ.get("DATASYNC_SETTINGS") or ROOT / "datasync.yaml").resolve()),
        "NO_PROXY": "127.0.0.1",
        "PYTHONWARNINGS": "ignore",
    }


def password_of_admin() -> str:
    """The login's password: made once, for its owner's eyes (Airflow would write it readable to all)."""
    if not PASSWORDS.exists():
        with open(os.open(PASSWORDS, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            json.dump({"admin": secrets.token_urlsafe(12)}, file)
    return str(json.loads(PASSWORDS.read_text())["admin"])


def free_port() -> int:
    """AIRFLOW_PORT if set, else 8080, else any that is free."""
    wanted = os.environ.get("AIRFLOW_PORT")
    for port in [int(wanted)] if wanted else [8080, 0]:
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise Trouble(f"Port {wanted} is in use. Name another one: make airflow AIRFLOW_PORT=8081")


def prepare_database(env: dict[str, str]) -> None:
    """Make Airflow's own database, or bring it up to this version."""
    command = [AIRFLOW, "db", "migrate"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, start_new_session=True, check=False)
    if done.returncode:
        raise Trouble(f"Airflow's database could not be prepared:\n{(done.stdout + done.stderr)[-2000:]}")


def start(name: str, options: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    """One component, in a session of its own: a Ctrl-C at the terminal reaches this script alone."""
    with open(log_of(name), "wb") as log:
        return subprocess.Popen(
            [AIRFLOW, name, *options], env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )


def wait(running: dict[str, subprocess.Popen[bytes]], seconds: float, come: Callable[[], bool], otherwise: str) -> None:
    """Return when ``come()`` is true; raise when time is up, or when a component stopped."""
    until = time.monotonic() + seconds
    while not come():
        for name, process in running.items():
            if process.poll() is not None:
                raise Trouble(f"{name} stopped. Its last lines:\n{log_of(name).read_text()[-2000:]}")
        if time.monotonic() > until:
            raise Trouble(f"{otherwise} within {seconds:.0f} s. Logs: {log_of('*')}")
        time.sleep(0.5)


def is_healthy(url: str) -> bool:
    """Does every component say that it is well?"""
    health = ask(f"{url}/api/v2/monitor/health") or {}
    parts = ("metadatabase", "scheduler", "triggerer", "dag_processor")
    return all((health.get(part) or {}).get("status") == "healthy" for part in parts)


def has_resync(url: str, password: str) -> bool:
    """Does the login work, and is the DAG with the form there?"""
    login = ask(f"{url}/auth/token", {"username": "admin", "password": password})
    return bool(login and ask(f"{url}/api/v2/dags/catalog_resync", token=login["access_token"]))


def ask(url: str, body: dict[str, str] | None = None, token: str = "") -> dict[str, Any] | None:
    """The JSON that Airflow answers, None while it does not."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, json.dumps(body).encode() if body else None, headers)
    with suppress(OSError, ValueError), _open(request, timeout=5) as answer:
        return dict(json.load(answer))
    return None


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that the end finds it (on Linux)."""
    if sys.platform == "linux":
        set_child_subreaper = 36
        ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def end() -> None:
    """End the components and all that they started, kindly at first; no further signal cuts this short."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    family = descendants()
    if family:
        print("\nEnding Airflow ...", flush=True)
    for component in psutil.Process().children():
        component.terminate()
    psutil.wait_procs(family, timeout=ENDED_WITHIN)
    for _ in range(5):  # what is killed may have been about to start something
        family = {relative for relative in family | descendants() if relative.is_running()}
        for relative in family:
            with suppress(psutil.NoSuchProcess):
                relative.kill()
        psutil.wait_procs(family, timeout=1)


def descendants() -> set[psutil.Process]:
    """Every process that comes from this one, whatever group or session it is in."""
    return set(psutil.Process().children(recursive=True))


def log_of(component: str) -> Path:
    """Where a component's own output goes."""
    return HOME / f"{component}.log"


def _raise_ended(_number: int, _frame: FrameType | None) -> None:
    raise Ended


if __name__ == "__main__":
    sys.exit(main())
