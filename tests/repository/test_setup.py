"""The set-up script: clear lines instead of tracebacks, and no work done twice."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "setup.py"


@pytest.fixture
def setup(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("fretboard_setup", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "STAMPS", tmp_path / "stamps")
    return module


def test_a_wrong_python_is_told_in_one_line(setup, monkeypatch):
    monkeypatch.setattr(setup.sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(setup.shutil, "which", lambda _name: None)
    with pytest.raises(SystemExit) as stop:
        setup.find_python()
    assert str(stop.value).count("\n") == 0
    assert "needs Python 3.11, 3.12 or 3.13; this is 3.9" in str(stop.value)


def test_a_shim_that_stands_for_nothing_is_passed_over(setup, monkeypatch):
    monkeypatch.setattr(setup.sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(setup.shutil, "which", lambda name: f"/nowhere/{name}")
    with pytest.raises(SystemExit):
        setup.find_python()


def test_a_missing_tool_is_told_in_one_line(setup):
    with pytest.raises(SystemExit) as stop:
        setup.call("no-such-tool", "--now")
    assert "'no-such-tool --now' failed" in str(stop.value)


def test_steps_run_once_per_input(setup, tmp_path):
    runs = []
    lock = tmp_path / "lock.txt"
    lock.write_text("a==1")
    for _ in range(2):
        setup.step("packages", [lock], lambda: runs.append("packages"))
    assert runs == ["packages"]
    lock.write_text("a==2")
    setup.step("packages", [lock], lambda: runs.append("again"))
    assert runs == ["packages", "again"]


def test_a_step_whose_product_is_gone_runs_again(setup, tmp_path):
    runs = []
    product = tmp_path / "index.html"
    for _ in range(2):
        setup.step("page", [], lambda: runs.append("page"), present=product)
    assert runs == ["page", "page"]


def test_steps_side_by_side_end_with_the_line_that_failed(setup):
    done = []
    works = [lambda: setup.fail("the network is down"), lambda: done.append("others")]
    with pytest.raises(SystemExit, match="set-up: the network is down"):
        setup.together(works)
    assert done == ["others"]


def test_a_failed_step_leaves_no_stamp(setup):
    with pytest.raises(SystemExit):
        setup.step("packages", [], lambda: setup.fail("the network is down"))
    assert not (setup.STAMPS / "packages").exists()


@pytest.mark.parametrize(("uv_works", "by_pip"), [(True, 1), (False, 2)])
def test_pip_installs_what_uv_cannot(setup, monkeypatch, uv_works, by_pip):
    installed = []
    monkeypatch.setattr(setup, "pip", lambda *arguments: installed.append(arguments))
    monkeypatch.setattr(setup, "answers", lambda _command: uv_works)
    setup.install_locked(Path("lock.txt"))
    assert len(installed) == by_pip
    assert installed[0] == (setup.UV,)


def test_the_script_is_readable_by_any_python_3():
    """No syntax newer than 3.6, so that an old interpreter reaches the clear line."""
    code = f"import ast; ast.parse(open({str(SCRIPT)!r}).read(), feature_version=(3, 6))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_without_the_model_for_photographs_set_up_goes_on(setup, monkeypatch, capfd):
    monkeypatch.setattr(setup, "BIN", Path("/bin"))
    monkeypatch.delenv("FRETBOARD_MODEL", raising=False)
    failed = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr(setup.subprocess, "run", lambda *_command, **_options: failed)
    setup.assemble_lite_vlm()
    assert "the bundled one answers" in capfd.readouterr().out


def test_a_model_that_is_named_is_all_that_set_up_cares_for(setup, monkeypatch):
    monkeypatch.setenv("FRETBOARD_MODEL", "tiny-llava")
    monkeypatch.setattr(setup.subprocess, "run", lambda *_command, **_options: pytest.fail("ran"))
    setup.assemble_lite_vlm()
