"""`fretboard lens`: fit, read with it, give away, take back."""

import pytest
from PIL import Image

from fretboard.core.reading import Lens
from tests.support.commands import run_command
from tests.support.images import encode

PROMPT = "what is the cat"


@pytest.fixture(scope="module")
def world(checkpoint_folder, tmp_path_factory):
    """A folder of two pictures, and where lenses go."""
    place = tmp_path_factory.mktemp("lens-command")
    (place / "pictures").mkdir()
    for name, colour in (("a", "red"), ("b", "blue")):
        data = encode(Image.new("RGB", (30, 30), colour), "PNG")
        (place / "pictures" / f"{name}.png").write_bytes(data)
    return place


def run(world, *arguments):
    return run_command("lens", *arguments, FRETBOARD_LENSES=str(world / "lenses"))


def fit(world, checkpoint_folder, kind, *more):
    return run(
        world, "fit", checkpoint_folder, "--kind", kind,
        "--max-new-tokens", 3, "--probes", 4, *more,
    )  # fmt: skip


def test_a_lens_is_fitted_read_given_and_taken(world, checkpoint_folder, tmp_path):
    pictures = ("--images", world / "pictures", "-p", PROMPT)
    done = fit(world, checkpoint_folder, "jacobian", *pictures)
    assert done.exit_code == 0, done.output
    assert "jacobian lens of" in done.output
    assert "standard error" in done.output
    [path] = (world / "lenses").rglob("*.safetensors")
    assert path.stem == "jacobian"
    analysed = run_command(
        "analyze", world / "pictures" / "a.png", "-p", PROMPT, "--model", checkpoint_folder,
        "--max-new-tokens", 3, "-o", tmp_path / "a", "--lens", "jacobian",
        FRETBOARD_LENSES=str(world / "lenses"),
    )  # fmt: skip
    assert analysed.exit_code == 0, analysed.output
    given = run(world, "export", tmp_path / "lens.pt", checkpoint_folder)
    assert given.exit_code == 0, given.output
    taken = run(
        world, "import", tmp_path / "lens.pt", checkpoint_folder,
        "-o", tmp_path / "taken.safetensors",
    )  # fmt: skip
    assert taken.exit_code == 0, taken.output
    assert "depths 0 are read as normed" in taken.output


def test_a_latent_lens_takes_a_file_of_captions(world, checkpoint_folder):
    captions = world / "captions.txt"
    captions.write_text("the cat is red\n\nthe dog sits on grass\n")
    done = fit(world, checkpoint_folder, "latent", "--captions", captions, "-p", PROMPT)
    assert done.exit_code == 0, done.output
    assert "from 2 examples" in done.output


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("tuned", "Name pictures: --images FOLDER"),
        ("latent", "Name a text file of captions: --captions FILE"),
        ("raw", "The raw lens needs no fit"),
    ],
)
def test_what_is_missing_is_said(world, checkpoint_folder, kind, said):
    more = ("--images", world / "pictures", "-p", PROMPT) if kind == Lens.RAW else ()
    done = fit(world, checkpoint_folder, kind, *more)
    assert done.exit_code != 0
    assert said in str(done.exception)
