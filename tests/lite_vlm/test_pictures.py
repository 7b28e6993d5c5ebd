"""Colours, composed scenes, and classes drawn into features."""

import json
import random

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from fretboard.lite_vlm.checkpoint.spare import COLOURS
from fretboard.lite_vlm.train.backgrounds import HELD, TRAIN, draw_nothing
from fretboard.lite_vlm.train.colours import TERM, colour_terms, fit_namer, main_colour
from fretboard.lite_vlm.train.directions import Directions
from fretboard.lite_vlm.train.probes import fit_probes, probed_nouns
from fretboard.lite_vlm.train.scenes import Folders, Mix, sample_scene, truth
from fretboard.lite_vlm.train.stamps import stamps

SAMPLES = {
    "black": (10, 10, 12), "white": (250, 250, 248), "gray": (128, 128, 128),
    "red": (215, 25, 30), "orange": (250, 140, 20), "yellow": (240, 225, 40),
    "green": (40, 150, 60), "blue": (40, 80, 200), "purple": (130, 50, 160),
    "pink": (250, 150, 190), "brown": (110, 70, 40),
}  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """The packages' names with drawn pictures: every stamp a red disc."""
    root = tmp_path_factory.mktemp("data")
    disc = Image.new("RGBA", (60, 40))
    ImageDraw.Draw(disc).ellipse((4, 4, 55, 35), fill=(215, 25, 30, 255))
    for stamp in stamps():
        path = root / "stamps" / f"{stamp.name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        disc.save(path)
    (root / "walls").mkdir()
    for name in (*TRAIN, *HELD):
        Image.new("RGB", (300, 280), (90, 120, 150)).save(root / "walls" / f"{name}.png")
    return Folders(root / "stamps", root / "walls")


def test_the_rule_names_plain_colours() -> None:
    for name, rgb in SAMPLES.items():
        assert COLOURS[colour_terms(np.array([rgb], np.uint8))[0]] == name


def test_the_namer_learns_the_rule() -> None:
    namer = fit_namer(steps=400)
    pixels = torch.tensor(list(SAMPLES.values())).float()
    rgb = (pixels - 127) / 128 + 1
    hidden = torch.nn.functional.relu6(rgb @ namer.first.T + namer.first_bias)
    best = (hidden @ namer.second.T + namer.second_bias).argmax(1).tolist()
    assert sum(COLOURS[term] == name for term, name in zip(best, SAMPLES, strict=True)) >= 9


def test_a_colour_is_that_of_most_pixels() -> None:
    pixels = np.zeros((10, 10, 3), np.uint8)
    pixels[:6] = SAMPLES["red"]
    everywhere = np.ones((10, 10), bool)
    assert main_colour(pixels, everywhere) == "red"
    pixels[:, ::2] = SAMPLES["blue"]
    assert main_colour(pixels, everywhere) is None or main_colour(pixels, everywhere) == "blue"


def test_scenes_are_seeded_and_their_truth_is_what_is_drawn(folders: Folders) -> None:
    mix = Mix(counter=0.0, counts=(0.0, 0.4, 0.4, 0.2))
    for seed in range(12):
        picture, things = sample_scene(seed, mix, folders)
        again, same = sample_scene(seed, mix, folders)
        assert picture.tobytes() == again.tobytes()
        assert things == same
        json.dumps(truth(things))
        for thing in things:
            assert thing.colour == "red"
            assert thing.typical
            assert thing.cells
            centre = np.mean([cell % 8 for cell in thing.cells])
            low, high = {"left": (0, 2.6), "middle": (2.4, 4.6), "right": (4.4, 7)}[thing.place]
            assert low <= centre <= high
            red = (
                (colour_terms(np.asarray(picture)) == TERM["red"])
                .reshape(8, 32, 8, 32)
                .mean((1, 3))
            )
            assert red.ravel()[list(thing.cells)].mean() > 0.3


def test_recoloured_things_carry_the_colour_that_is_seen(folders: Folders) -> None:
    colours = {
        thing.colour
        for seed in range(30)
        for thing in sample_scene(seed, Mix(counter=1.0), folders)[1]
    }
    assert len(colours) > 5


def test_held_out_stamps_come_only_where_asked(folders: Folders) -> None:
    held = {stamp.name for stamp in stamps() if stamp.held}
    for seed in range(20):
        assert not {thing.stamp for thing in sample_scene(seed, Mix(), folders)[1]} & held
        shown = {thing.stamp for thing in sample_scene(seed, Mix(held_stamps=True), folders)[1]}
        assert shown <= held


def test_nothing_is_drawn_seeded() -> None:
    first, second = (draw_nothing(random.Random(seed)) for seed in (1, 2))
    assert first.tobytes() == draw_nothing(random.Random(1)).tobytes() != second.tobytes()


def test_a_drawn_class_is_what_the_classifier_sees() -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(4, 1280, generator=generator) * 0.1
    background = torch.rand(64, 1280, generator=generator)
    bias = -(background @ weight.T).max(0).values
    directions = Directions(weight, bias, torch.eye(1280), ["cat", "dog", "cat", "bus"])
    assert directions.nouns == ("cat", "dog", "bus")
    drawn = directions.draw(background, "bus", random.Random(0))
    logits = drawn @ weight.T + bias
    inside = (drawn != background).any(1)
    assert 4 <= inside.sum() < 64
    assert (logits[inside].argmax(1) == 3).all()
    assert (logits[inside, 3] > 4).all()
    assert (logits[~inside, 3] <= 1e-4).all()


def test_probes_tell_nouns_apart() -> None:
    generator = torch.Generator().manual_seed(1)
    means = torch.rand(3, 1280, generator=generator)
    labels = torch.randint(0, 3, (6000,), generator=generator)
    features = (means[labels] + torch.randn(6000, 1280, generator=generator)).half()
    nouns = [("cat", "dog", None)[label] for label in labels]
    kept = probed_nouns(nouns)
    assert kept == ["cat", "dog"]
    weight, bias = fit_probes(features, nouns, kept, epochs=3)
    speaks = features.float() @ weight.T + bias - 7 > 2  # log-odds above zero
    for number in range(len(kept)):
        assert speaks[labels == number, number].float().mean() > 0.9
    assert speaks[labels == 2].float().mean() < 0.1
