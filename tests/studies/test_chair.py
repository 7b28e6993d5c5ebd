"""CHAIR's two shares from COCO's instances, against counts by hand."""

import json

import numpy as np
import pandas as pd

from fretboard.studies.statistics import ImageBootstrap
from fretboard.studies.survey.summary import chair
from fretboard.studies.truth.annotations import read_annotations
from fretboard.studies.truth.words import Instances
from tests.support.random_data import fresh


def test_instances_are_read_and_an_image_without_objects_is_one_too(tmp_path):
    file = tmp_path / "instances_x.json"
    images = [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}]
    found = [{"image_id": 1, "category_id": 18}, {"image_id": 1, "category_id": 17}]
    names = [{"id": 17, "name": "cat"}, {"id": 18, "name": "dog"}]
    file.write_text(json.dumps({"images": images, "annotations": found, "categories": names}))
    items = read_annotations(file, None, None)
    assert [item.truth for item in items] == [
        Instances(frozenset({"cat", "dog"})), Instances(frozenset())
    ]  # fmt: skip


def test_shares_of_mentions_and_of_answers():
    random = fresh()
    record = np.sort(random.integers(0, 12, 60))
    verdict = random.choice(np.array(["correct", "hallucinated"], dtype=object), 60)
    kinds = np.where(record < 9, "instances", "captions").astype(object)
    images = np.char.add("i", record.astype(str))
    table = pd.DataFrame({"record": record, "verdict": verdict, "truth_kind": kinds}, index=images)
    shares = chair(ImageBootstrap(images), table)
    mine = [(r, v == "hallucinated") for r, v in zip(record, verdict, strict=True) if r < 9]
    answers = {r: any(v for q, v in mine if q == r) for r, _ in mine}
    assert np.isclose(shares["instances"].value, np.mean([v for _, v in mine]))
    assert np.isclose(shares["sentences"].value, np.mean(list(answers.values())))
