"""Measure an assembled checkpoint on what it never saw: photographs, scenes, plain questions.

Photographs and plain questions are answered as in use, greedily. Of scenes, many questions are
judged in one pass over the picture: the words that carry the answer must be the model's first
choice each, which is what greedy decoding would write behind the same beginning.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor
from transformers import AutoProcessor, FastVlmForConditionalGeneration

from .backgrounds import draw_nothing
from .bank import pixels
from .kinds import article
from .loop import faster_dtype
from .questions import AT_PLACE, NOTHING, Exchange, choose_absent
from .scenes import Folders, Mix, Thing, sample_scene
from .sequences import IGNORED, Packed, Packer, collate, embed
from .stamps import stamps

PHOTOGRAPHS = Path(__file__).parent / "test_photographs.txt"
PLAIN = Path(__file__).parent / "plain_answers.txt"
CELLS = {
    "typical": Mix(counter=0.0, held_walls=True, counts=(0.2, 0.4, 0.4, 0.0)),
    "counter": Mix(counter=1.0, held_walls=True, counts=(0.2, 0.4, 0.4, 0.0)),
    "held stamps": Mix(counter=0.0, held_stamps=True, held_walls=True, counts=(0.2, 0.4, 0.4, 0.0)),
}
FIRST_SEED = 10**6  # training's seeds lie below
Verdicts = dict[str, list[float]]
Report = Callable[[str], None]


class Answerer:
    """A checkpoint with its processor."""

    def __init__(self, folder: Path) -> None:
        self.processor = AutoProcessor.from_pretrained(folder)
        self.model = FastVlmForConditionalGeneration.from_pretrained(folder).eval()
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.packer = Packer(self.tokenizer)

    @torch.no_grad()
    def answer(self, question: str, image: Image.Image | None, longest: int = 24) -> str:
        """The greedy answer, as in use."""
        content: list[dict[str, str]] = [] if image is None else [{"type": "image"}]
        content.append({"type": "text", "text": question})
        messages = [{"role": "user", "content": content}]
        prompt = self.processor.apply_chat_template(messages, add_generation_prompt=True)
        images = None if image is None else [image.convert("RGB")]
        inputs = self.processor(images=images, text=prompt, return_tensors="pt")
        output = self.model.generate(**inputs, max_new_tokens=longest, do_sample=False)
        fresh = output[0, inputs["input_ids"].shape[1] :]
        return str(self.processor.decode(fresh, skip_special_tokens=True)).strip()

    @torch.no_grad()
    def see(self, picture: Image.Image) -> Tensor:
        """What the projector makes of a picture: (64, 576)."""
        features = self.model.get_image_features(pixels([picture])).pooler_output
        return features[0]

    @torch.no_grad()
    def logits(self, packed: Packed) -> Tensor:
        """Of every position of a packed sequence: (length, vocabulary)."""
        batch = collate([packed], len(packed.tokens))
        language = self.model.model.language_model
        hidden = language(
            inputs_embeds=embed(batch, language.embed_tokens, len(self.packer.start)),
            position_ids=batch.positions,
            attention_mask=batch.mask,
            use_cache=False,
        ).last_hidden_state[0]
        logits: Tensor = self.model.lm_head(hidden)
        return logits

    def hasten(self) -> None:
        """Compute as in training from here on: in a third of the time where bfloat16 is fast."""
        dtype = faster_dtype()
        self.model.model.language_model.to(dtype)
        self.model.lm_head.to(dtype)

    def first_choices(self, image: Tensor, exchanges: Sequence[Exchange]) -> list[bool]:
        """Of each exchange, whether every token of its content is the model's first choice."""
        packed = self.packer.pack(image, exchanges, 10**6)
        chosen = self.logits(packed).argmax(-1)
        return _judged(packed, chosen, len(exchanges))


def _judged(packed: Packed, chosen: Tensor, exchanges: int) -> list[bool]:
    right = [True] * exchanges
    for at, label in enumerate(packed.labels):
        if label != IGNORED and packed.weights[at] > 1 and int(chosen[at]) != label:
            right[packed.segments[at] - 1] = False
    return right


def scene_exchanges(things: Sequence[Thing], chance: random.Random) -> list[tuple[str, Exchange]]:
    """What a scene is judged by: the measure's name, and the exchange."""
    nouns = [thing.noun for thing in things]
    pool = sorted({stamp.noun for stamp in stamps()})
    absent = choose_absent(pool, nouns, 1, chance)[0]
    thing = chance.choice(things)
    listed = [("existence, present", _exists(thing.noun)), ("existence, absent", _missing(absent))]
    if len(things) == 1:
        named = article(nouns[0])
        answer = f"There is {named} in the image."
        listed.append(("single noun", Exchange("What is in the image?", answer, (named,))))
    if thing.colour:
        answer = f"The {thing.noun} is {thing.colour}."
        question = f"What color is the {thing.noun}?"
        listed.append(("colour", Exchange(question, answer, (thing.colour,))))
    if thing.place:
        # "on the" or "in the" is part of the choice: given it, a third of the places is settled.
        place = AT_PLACE[thing.place]
        answer = f"The {thing.noun} is {place}."
        listed.append(("place", Exchange(f"Where is the {thing.noun}?", answer, (place,))))
    return listed


def _exists(noun: str) -> Exchange:
    named = article(noun)
    return Exchange(
        f"Is there {named} in the image?", f"Yes, there is {named} in the image.", ("Yes",)
    )


def _missing(noun: str) -> Exchange:
    question = f"Is there {article(noun)} in the image?"
    return Exchange(question, f"No, there is no {noun} in the image.", ("No",))


def evaluate_scenes(
    answerer: Answerer, cell: str, scenes: int, sight: str, folders: Folders, report: Report
) -> Verdicts:
    """``sight``: the "right" picture, that of another scene ("shuffled"), or a "blank" one."""
    start = FIRST_SEED * (1 + list(CELLS).index(cell))
    verdicts: Verdicts = {}
    for number in range(scenes):
        picture, things = sample_scene(start + number, CELLS[cell], folders)
        if sight == "shuffled":
            picture, _ = sample_scene(start + (number + 1) % scenes, CELLS[cell], folders)
        elif sight == "blank":
            picture = Image.new("RGB", picture.size, (128, 128, 128))
        pairs = scene_exchanges(things, random.Random(f"asked {start + number}"))
        measures, exchanges = zip(*pairs, strict=True)
        right = answerer.first_choices(answerer.see(picture), exchanges)
        for measure, good in zip(measures, right, strict=True):
            verdicts.setdefault(measure, []).append(float(good))
        if number % 50 == 49:
            report(f"{cell}, {sight}: {number + 1} scenes")
    return verdicts


def photographs(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every held-out photograph and the nouns that name its main object."""
    for line in PHOTOGRAPHS.read_text().splitlines():
        where, nouns = line.split(" = ")
        package, name = where.split(" ", 1)
        yield folder / package / name, nouns.split(", ")


def evaluate_photographs(answerer: Answerer, folder: Path) -> list[dict[str, Any]]:
    """Of each photograph the answer to "What is in the image?", and whether it names the object."""
    rows = []
    for path, nouns in photographs(folder):
        image = Image.open(path).convert("RGB")
        answer = answerer.answer("What is in the image?", image, longest=16)
        rows.append(
            {
                "photograph": path.name,
                "accepted": nouns,
                "answer": answer,
                "right": names(answer, nouns),
            }
        )
    return rows


def names(answer: str, nouns: Sequence[str]) -> bool:
    """Whether one of the nouns stands in the answer as a word of its own, in either number."""
    return any(re.search(rf"\b{re.escape(noun)}(s|es)?\b", answer, re.IGNORECASE) for noun in nouns)


def evaluate_nothing(answerer: Answerer, pictures: int) -> list[dict[str, Any]]:
    """Pictures without content: does the answer say that nothing can be made out?"""
    rows = []
    for number in range(pictures):
        picture = draw_nothing(random.Random(f"nothing {FIRST_SEED + number}"))
        answer = answerer.answer("What is in the image?", picture)
        rows.append({"answer": answer, "right": answer == NOTHING})
    return rows


def evaluate_plain(answer: Callable[[str], str]) -> list[dict[str, Any]]:
    """Plain held-out questions without a picture."""
    rows = []
    for line in PLAIN.read_text().splitlines():
        question, nouns = line.split(" = ")
        said = answer(question)
        rows.append({"question": question, "answer": said, "right": names(said, nouns.split(", "))})
    return rows
