"""A survey that goes on after its checkpoint was changed: another revision, all is asked anew."""

import json

import pyarrow.parquet as pq

from fretboard.core.model_info import served_model
from tests.support.commands import run_command
from tests.support.tiny_models import TEMPLATE, save_llava


def test_no_table_mixes_two_templates(tmp_path, png):
    folder, picture = save_llava(tmp_path / "model"), tmp_path / "a.png"
    picture.write_bytes(png)
    (tmp_path / "b.png").write_bytes(png + b"more")

    def survey(*pictures):
        served_model.cache_clear()  # as a new process
        done = run_command(
            "survey", *pictures, "-o", tmp_path / "out", "-p", "what is red",
            "--max-new-tokens", 2, FRETBOARD_MODEL=str(folder),
        )  # fmt: skip
        assert done.exit_code == 0, (done.output, done.exception)
        [table] = (tmp_path / "out").glob("tokens.parquet")
        return set(pq.read_table(table)["revision"].to_pylist())

    before = survey(picture)
    (folder / "chat_template.jinja").write_text(TEMPLATE.replace("USER:", "HUMAN:"))
    after = survey(picture, tmp_path / "b.png")
    assert len(before) == len(after) == 1
    assert before != after
    about = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert next(iter(after)) in json.dumps(about)
