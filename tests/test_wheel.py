"""The wheel carries everything it needs and runs outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.servers import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_the_schema_the_templates_and_the_static_files(wheel: Path) -> None:
    carried = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("templates", "static", "storage/migrations", "demo"):
        for path in (ROOT / "comments_service" / folder).iterdir():
            if path.is_file():
                assert f"comments_service/{folder}/{path.name}" in carried
    assert "comments_service/schema.sql" in carried
    assert not [name for name in carried if name.startswith(("tests/", "bench/", "data/"))]


def test_the_wheel_runs_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    script = (
        "import comments_service, sys; from comments_service.cli import main;"
        "assert comments_service.__file__.startswith(sys.argv[1]), comments_service.__file__;"
        "sys.argv[1:] = ['init', '--data-dir', sys.argv[1] + '/data']; main()"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COMMENTS_")}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=tmp_path,
        env=kept | {"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data" / "comments.sqlite").exists()
