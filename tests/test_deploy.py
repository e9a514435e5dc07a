"""What deploy/ says is what the program does, and the programs it is written for accept it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from comments_service.settings import Settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
TEXTS = [path for path in sorted(DEPLOY.iterdir()) if path.is_file()]
SECRETS = {"DATABASE_URL_FILE", "SECRET_KEY_FILE"}
CERTIFICATES = "/etc/letsencrypt/live/comments.example.org"


def tool(name: str) -> str:
    """The path of a program that CI need not have."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed here, so its sample is checked by its text only")
    return path


def accepts(command: list[str], home: Path) -> None:
    environment = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    known = {name.upper() for name in Settings.model_fields} | SECRETS
    named = set(re.findall(r"\bCOMMENTS_([A-Z_]*[A-Z])\b", path.read_text("utf-8")))
    assert named <= known


def test_nginx_accepts_its_sample(tmp_path: Path) -> None:
    nginx = tool("nginx")
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=comments.example.org"]
    files = ["-keyout", str(tmp_path / "privkey.pem"), "-out", str(tmp_path / "fullchain.pem")]
    accepts([tool("openssl"), *request, *files], tmp_path)
    site = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert CERTIFICATES in site
    (tmp_path / "site.conf").write_text(site.replace(CERTIFICATES, str(tmp_path)))
    whole = tmp_path / "nginx.conf"
    places = f"pid {tmp_path}/pid; error_log {tmp_path}/error.log;"
    whole.write_text(
        f"{places} events {{}} http {{ access_log off; include {tmp_path}/site.conf; }}"
    )
    accepts([nginx, "-t", "-c", str(whole)], tmp_path)


def test_caddy_accepts_its_sample(tmp_path: Path) -> None:
    sample = str(DEPLOY / "Caddyfile")
    accepts([tool("caddy"), "validate", "--adapter", "caddyfile", "--config", sample], tmp_path)


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "comments-service.service").read_text("utf-8")
    program = "/opt/comments-service/bin/comments-service serve"
    assert f"ExecStart={program}\n" in text
    unit = tmp_path / "comments-service.service"
    unit.write_text(text.replace(program, "/bin/true"))  # the program must exist to be accepted
    accepts([tool("systemd-analyze"), "verify", "--man=no", str(unit)], tmp_path)


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
@pytest.mark.parametrize(
    ("path", "groups"),
    [
        ("/archives/7782/comment-page-3", ("/archives/7782", "3")),
        ("/archives/7782/comment-page-12/", ("/archives/7782", "12")),
        ("/archives/7782", None),
        ("/archives/7782/comment-page-3/feed", None),
    ],
)
def test_old_typecho_links_are_recognised(
    name: str, path: str, groups: tuple[str, str] | None
) -> None:
    text = (DEPLOY / name).read_text("utf-8")
    (pattern,) = re.findall(r"\^\(/archives\S+\$", text)
    found = re.search(pattern, path)
    assert (found.groups() if found else None) == groups


@pytest.mark.parametrize("name", ["requirements-dev.lock", "deploy/requirements.lock"])
def test_no_lock_file_names_a_host(name: str) -> None:
    assert "://" not in (ROOT / name).read_text("utf-8")


def test_the_server_runs_what_was_tested() -> None:
    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text("utf-8").splitlines()
        return {line.split()[0] for line in lines if re.match(r"[a-z0-9._-]+==", line)}

    assert pins("deploy/requirements.lock")
    assert pins("deploy/requirements.lock") <= pins("requirements-dev.lock")
