"""Answers held against annotations of each kind."""

import random

import pytest

from fretboard.core.words import merge_words
from fretboard.studies.truth.scenes import SceneTruth, parse_scene
from fretboard.studies.truth.words import (
    Captions,
    Instances,
    ObjectLists,
    YesNo,
    base_forms,
    yes_or_no,
)
from fretboard.tiny_llava.world import dialogue
from fretboard.tiny_llava.world.scene import COLORS, SceneMix, sample_scene


def verdicts(truth, answer, prompt="?"):
    words = merge_words([f" {word}" for word in answer.replace(".", " .").split()])
    judged = truth.judge(prompt, answer, words)
    pairs = zip(words, judged.verdicts, strict=True)
    return judged.answer_correct, [(w.text, v) for w, v in pairs if v is not None]


@pytest.mark.parametrize(
    ("answer", "said"),
    [("Yes, there is. It is not big.", "yes"), ("No.", "no"), ("There is not a dog.", "no"),
     ("There is, no, a dog", "no"), ("A dog, nothing else.", "yes")],
)  # fmt: skip
def test_an_answer_is_read_by_pope_s_rule(answer, said):
    assert yes_or_no(answer) == said


def test_a_wrong_yes_is_a_hallucination_and_a_wrong_no_is_not():
    assert verdicts(YesNo("no"), "Yes there is.") == (False, [("Yes", "hallucinated")])
    assert verdicts(YesNo("yes"), "No.") == (False, [("No", "wrong")])
    assert verdicts(YesNo("yes"), "Yes.") == (True, [("Yes", "correct")])


def test_lists_judge_their_own_words_only_and_the_present_wins():
    truth = ObjectLists(frozenset({"dog", "knife"}), frozenset({"dog", "cat"}))
    found = verdicts(truth, "Two dogs, knives and cats on grass.".replace(",", ""))
    expected = [("dogs", "correct"), ("knives", "correct"), ("cats", "hallucinated")]
    assert found == (None, expected)


def test_captions_confirm_coco_objects_and_never_call_one_hallucinated():
    truth = Captions(("A man with a hot dog.", "Two cats watch the traffic lights."))
    found = verdicts(truth, "A person eats hot dogs near a cat and a dog.")
    expected = [("person", "correct"), ("hot", "correct"), ("dogs", "correct"),
                ("cat", "correct"), ("dog", "unconfirmed")]  # fmt: skip
    assert found == (None, expected)


@pytest.mark.parametrize(
    ("plural", "singular"),
    [("berries", "berry"), ("boxes", "box"), ("leaves", "leaf"), ("glass", "glass"),
     ("women", "woman"), ("Cars", "car")],
)  # fmt: skip
def test_plurals_lead_back(plural, singular):
    assert singular in base_forms(plural)


def test_true_captions_of_random_scenes_hold_no_false_word():
    for seed in random.sample(range(10**6), 30):
        scene = sample_scene(seed, SceneMix(typical=0.5))
        truth = parse_scene(scene.truth())
        assert truth == SceneTruth(scene)
        for caption in (dialogue.detailed_caption(scene), dialogue.brief_caption(scene)):
            _, found = verdicts(truth, caption.answer, caption.question)
            assert {verdict for _, verdict in found} == {"correct"}
            # every kind and every colour is judged
            assert len(found) == 2 * len(scene.groups) + (
                len(scene.groups) if caption.question == dialogue.CAPTION else 0
            )


def test_a_typical_colour_on_an_unusual_object_is_hallucinated_another_is_wrong():
    seed = random.randrange(10**6)
    scene = sample_scene(
        seed, SceneMix(typical=0.0, counts=(1, 0, 0), several=0, only_prior_kinds=True)
    )
    [group] = scene.groups
    other = next(c for c in COLORS if c not in (group.color, group.prior_color))
    for stated, verdict in ((group.prior_color, "hallucinated"), (other, "wrong")):
        caption = dialogue.detailed_caption(scene, {group.kind: stated})
        _, found = verdicts(SceneTruth(scene), caption.answer, caption.question)
        assert found[-1] == (stated, verdict)


def test_an_invented_kind_and_a_wrong_answer_are_found():
    scene = sample_scene(3, SceneMix(), kind="dog", color="blue", count=1)
    assert ("whale", "hallucinated") in verdicts(SceneTruth(scene), "There is a whale.")[1]
    asked = dialogue.color_question(scene.groups[scene.groups.index(scene.find("dog"))])
    assert verdicts(SceneTruth(scene), asked.answer, asked.question)[0] is True
    wrong = asked.answer.replace("blue", "brown")
    assert verdicts(SceneTruth(scene), wrong, asked.question)[0] is False


def test_coco_instances_judge_each_mention_once():
    truth = Instances(frozenset({"traffic light", "dog", "cat"}))
    answer = "A dog and two cats at a traffic light beside a fire hydrant ."
    judged = truth.judge("", answer, merge_words([f" {word}" for word in answer.split()]))
    told = [verdict for verdict in judged.verdicts if verdict]
    assert told == ["correct", "correct", "correct", "hallucinated"]
    assert judged.recall == 1.0
