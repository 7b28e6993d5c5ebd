"""What the face brings into a process: no torch where no model is asked."""

import subprocess
import sys
from importlib.resources import files

import numpy as np

import fretboard as fb

HEAVY = ("torch", "transformers", "pandas", "sklearn")


def loaded(lines: str, *arguments: str) -> list[str]:
    """Which of the heavy ones a fresh process has after these lines."""
    tell = f"import sys; print([one for one in {HEAVY} if one in sys.modules])"
    command = [sys.executable, "-c", f"{lines}\n{tell}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return eval(done.stdout)


def test_importing_brings_nothing_heavy_nor_numpy():
    assert loaded("import sys, fretboard as fb; assert 'numpy' not in sys.modules") == []


def test_a_folder_opens_and_draws_without_torch(analysis, tmp_path):
    folder = analysis.save(tmp_path / "out")
    lines = (
        "import sys, fretboard as fb; a = fb.open(sys.argv[1]); a.heatmap('jsd'); a.divergence(3); "
        "a.hidden_states, a.question, a.tokens, a.flags, a._repr_html_()"
    )
    assert loaded(lines, str(folder)) == []
    anew = "; a.read(stages='paper', mutation_sigmas=3)"  # function words are scikit-learn's
    assert loaded(lines + anew, str(folder)) == ["pandas", "sklearn"]


def test_a_server_is_read_without_torch(analysis, server):
    lines = (
        "import sys, fretboard as fb; a = fb.connect(sys.argv[1]).open(sys.argv[2]); "
        "a.heatmap(), a.competition(3), a.patches('dog'), a.hidden_states, a.map(method='pca')"
    )
    assert loaded(lines, server.url, analysis.id) == []


def test_the_types_are_shipped():
    assert (files("fretboard") / "py.typed").is_file()


def test_progress_is_silent_where_nobody_looks(desk, capfd, monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)  # of the tests that run notebooks
    fb.load().analyze("photo.png", "What do you see?", max_new_tokens=2)
    assert capfd.readouterr() == ("", "")


def test_progress_is_told_where_somebody_looks(model, monkeypatch, capfd):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    model.analyze("photo.png", "What else do you see?", max_new_tokens=2)
    assert "answer" in capfd.readouterr().err


def test_arrays_are_plain_numpy(analysis):
    assert isinstance(analysis.hidden_states, np.ndarray)
    assert isinstance(analysis, fb.Analysis)
