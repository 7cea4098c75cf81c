"""A real PostgreSQL and a real Redis of their own, on loopback, set up by the scripts of ``docker/``."""

import contextlib
import getpass
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from acces_soins.services.processes import any_free_port, child
from acces_soins.settings import PROJECT

DOCKER = PROJECT / "docker"
# Where Debian puts PostgreSQL's own programs.
PROGRAMS = os.pathsep.join(
    [os.environ["PATH"], *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))]
)


def skip_without_servers() -> None:
    """Skip, with the reason, where this machine has no PostgreSQL or no Redis to start."""
    missing = [program for program in ("initdb", "redis-server") if not shutil.which(program, path=PROGRAMS)]
    if missing:
        pytest.skip(f"{' et '.join(missing)} absents : installer les paquets postgresql et redis-server")


@dataclass
class Stores:
    """Where the two servers listen, and the folder of secrets that opens them."""

    secrets: Path
    postgres_port: int
    redis_port: int

    @property
    def postgres_env(self) -> dict[str, str]:
        """Environment of psql, pg_dump… as the superuser."""
        return {
            **os.environ,
            "PATH": PROGRAMS,
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.postgres_port),
            "PGUSER": "postgres",
            "PGPASSWORD": (self.secrets / "postgres_mot_de_passe").read_text(),
            "SECRETS": str(self.secrets),
        }

    def make_secrets(self) -> None:
        """Those that are missing, their addresses moved to these servers."""
        subprocess.run([sys.executable, DOCKER / "make_secrets.py", self.secrets], check=True)
        for name, host in (
            ("airflow_metadonnees", f"127.0.0.1:{self.postgres_port}"),
            ("superset_metadonnees", f"127.0.0.1:{self.postgres_port}"),
            ("superset_redis", f"127.0.0.1:{self.redis_port}"),
        ):
            path = self.secrets / name
            text = path.read_text().replace("@postgres/", f"@{host}/").replace("@redis:6379/", f"@{host}/")
            path.chmod(0o644)
            path.write_text(text)

    def make_databases(self) -> None:
        """The script of the image; again, it sets the passwords."""
        subprocess.run(["sh", DOCKER / "init-databases.sh"], env=self.postgres_env, check=True)

    def psql(self, sql: str, database: str = "postgres") -> str:
        done = subprocess.run(
            ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command", sql, database],
            env=self.postgres_env, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    def redis(self, *command: str) -> str:
        password = (self.secrets / "superset_redis").read_text().split(":")[2].split("@")[0]
        done = subprocess.run(
            ["redis-cli", "-p", str(self.redis_port), *command],
            env={**os.environ, "REDISCLI_AUTH": password}, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()


@contextlib.contextmanager
def running_stores(folder: Path) -> Iterator[Stores]:
    """Both servers, until the end of the block."""
    stores = Stores(folder / "secrets", any_free_port(), any_free_port())
    stores.make_secrets()
    with _postgres(stores), running_redis(stores, folder / "redis.log"):
        stores.make_databases()
        yield stores


@contextlib.contextmanager
def running_redis(stores: Stores, log: Path) -> Iterator[None]:
    """Redis with the script of its container."""
    env = {**os.environ, "SECRETS": str(stores.secrets), "PORT": str(stores.redis_port), "BIND": "127.0.0.1"}
    script = ["sh", DOCKER / "redis.sh"]
    with log.open("ab") as stream, child([*script, "serve"], env, stdout=stream):
        _until(lambda: subprocess.run([*script, "ping"], env=env, capture_output=True).returncode == 0, log)
        yield


@contextlib.contextmanager
def _postgres(stores: Stores) -> Iterator[None]:
    """PostgreSQL refuses to run as root: it then runs as the user of its package, or as nobody."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        folder, user = Path(name), _user()
        shutil.copy(stores.secrets / "postgres_mot_de_passe", folder / "mot_de_passe")
        (folder / "base").mkdir(mode=0o700)
        if user != getpass.getuser():
            for path in (folder, folder / "base", folder / "mot_de_passe"):
                shutil.chown(path, user)
        run = {"user": user if user != getpass.getuser() else None, "cwd": folder, "env": stores.postgres_env}
        options = ["--auth=scram-sha-256", "--username=postgres", "--encoding=UTF8", "--no-sync"]
        subprocess.run(
            ["initdb", f"--pgdata={folder / 'base'}", f"--pwfile={folder / 'mot_de_passe'}", *options],
            check=True, capture_output=True, **run,
        )  # fmt: skip
        server = [
            shutil.which("postgres", path=PROGRAMS), "-D", str(folder / "base"), "-F", "-h", "127.0.0.1",
            "-p", str(stores.postgres_port), "-k", str(folder),
        ]  # fmt: skip
        log = folder / "journal"
        with log.open("wb") as stream:
            process = subprocess.Popen(server, stdout=stream, stderr=stream, **run)
            try:
                _until(lambda: _is_ready(stores), log)
                yield
            finally:
                process.terminate()  # waits for the clients to leave
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)
                process.send_signal(2)  # does not
                process.wait(60)


def _is_ready(stores: Stores) -> bool:
    return subprocess.run(["pg_isready"], env=stores.postgres_env, capture_output=True).returncode == 0


def _user() -> str:
    if os.getuid():
        return getpass.getuser()
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _until(ready, log: Path, seconds: int = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, log.read_text(errors="replace")
        time.sleep(0.1)
