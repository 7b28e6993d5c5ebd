"""Several independent questions about one image in one sequence.

The prompt's beginning with the image is computed once; every question block attends to it
and to itself only, and its positions restart right after it. So each block's logits equal
those of the question asked alone, at a fraction of the cost.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import torch
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerBase

from fretboard.tiny_llava.model.architecture import IMAGE_TOKENS
from fretboard.tiny_llava.world.dialogue import QuestionAnswer, prompt_text
from fretboard.tiny_llava.world.scene import COLORS, KINDS, PLURAL

TEXT_PREFIX = 3  # <s> USER :
IMAGE_START = 4  # then the space before <image>
PREFIX = IMAGE_START + IMAGE_TOKENS + 1  # ... and the line break after it
LENGTH = 160  # tokens of a packed sequence
WORD_WEIGHT = 2.0  # loss weight of kind and colour words
YES_NO_WEIGHT = 4.0


@dataclass
class PackedBatch:
    """Packed sequences; ``n`` sequences of ``LENGTH`` tokens, ``m`` tokens with a target."""

    ids: torch.Tensor  # int64 [n, LENGTH]; image positions hold the image token
    positions: torch.Tensor  # int64 [n, LENGTH]
    mask: torch.Tensor  # bool [n, 1, LENGTH, LENGTH], True = may attend
    targets: torch.Tensor  # int64 [m]
    weights: torch.Tensor  # float [m]
    at: torch.Tensor  # int64 [m], where in the flattened [n * LENGTH] each target is predicted


class DialoguePacker:
    """Turns conversations into packed batches with one tokenizer."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        self.eos = tokenizer.eos_token_id
        self.image_id = tokenizer.convert_tokens_to_ids("<image>")
        head = tokenizer(prompt_text("x"))["input_ids"]
        self.prefix = [*head[:IMAGE_START], *[self.image_id] * IMAGE_TOKENS, head[5]]
        self.token_weights = np.ones(len(tokenizer), np.float32)
        for words, weight in (
            ((*KINDS, *COLORS, *PLURAL.values()), WORD_WEIGHT), (("Yes", "No"), YES_NO_WEIGHT)
        ):  # fmt: skip
            for word in words:
                self.token_weights[self.word_id(word)] = weight
        self.block = lru_cache(maxsize=200_000)(self._block)

    def word_id(self, word: str) -> int:
        """The id of a word with its leading space; ValueError if it is no single token."""
        ids = self.tokenizer(word, add_special_tokens=False)["input_ids"]
        if len(ids) != 1:
            raise ValueError(f"{word!r} is {len(ids)} tokens, expected one")
        return int(ids[0])

    def _block(self, question: str, answer: str, with_image: bool) -> tuple[list[int], int]:
        """Ids after the shared beginning, and how many of them belong to the question."""
        prompt = self.tokenizer(prompt_text(question, with_image))["input_ids"]
        question = prompt[6:] if with_image else prompt[TEXT_PREFIX:]
        said = self.tokenizer(answer, add_special_tokens=False)["input_ids"]
        return [*question, *said, self.eos], len(question)

    def pack(
        self,
        conversations: list[list[QuestionAnswer]],
        with_image: list[bool],
        task_weights: Mapping[str, float] = MappingProxyType({}),
    ) -> PackedBatch:
        """One sequence per conversation; exchanges that no longer fit are left out.

        ``task_weights`` multiply the loss weight of a task's answers (1 where a task is missing).
        """
        n = len(conversations)
        ids = np.zeros((n, LENGTH), np.int64)
        positions = np.zeros((n, LENGTH), np.int64)
        blocks = np.full((n, LENGTH), -1, np.int64)
        targets: list[int] = []
        factors: list[float] = []
        at: list[int] = []
        for row, (exchanges, sees) in enumerate(zip(conversations, with_image, strict=True)):
            ids[row, :PREFIX], positions[row, :PREFIX] = self.prefix, np.arange(PREFIX)
            blocks[row, :PREFIX] = 0
            cursor = PREFIX
            for number, exchange in enumerate(exchanges, start=1):
                block, question = self.block(exchange.question, exchange.answer, sees)
                inputs = block[:-1]
                end = cursor + len(inputs)
                if end > LENGTH:
                    continue
                ids[row, cursor:end] = inputs
                first = PREFIX if sees else TEXT_PREFIX
                positions[row, cursor:end] = np.arange(first, first + len(inputs))
                blocks[row, cursor:end] = number
                at.extend(range(row * LENGTH + cursor + question - 1, row * LENGTH + end))
                targets.extend(block[question:])
                factors.extend([task_weights.get(exchange.task, 1.0)] * (len(block) - question))
                cursor = end
        weights = self.token_weights[targets] * np.array(factors, np.float32)
        mask = attention_mask(torch.from_numpy(blocks), torch.tensor(with_image))
        return PackedBatch(
            torch.from_numpy(ids), torch.from_numpy(positions), mask,
            torch.tensor(targets), torch.from_numpy(weights), torch.tensor(at),
        )  # fmt: skip


def attention_mask(blocks: torch.Tensor, with_image: torch.Tensor) -> torch.Tensor:
    """bool [n, 1, length, length] from block numbers [n, length]: 0 = prefix, -1 = padding.

    A conversation without image sees only the prompt's first words of the prefix.
    """
    length = blocks.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    same = blocks[:, :, None] == blocks[:, None, :]
    column = torch.arange(length)
    visible = (column < TEXT_PREFIX) | ((column < PREFIX) & with_image[:, None])
    return ((same | visible[:, None, :]) & causal)[:, None]


def packed_logits(
    model: LlavaForConditionalGeneration, image_tokens: torch.Tensor, batch: PackedBatch
) -> torch.Tensor:
    """Logits [m, vocabulary] where the batch has targets; image_tokens [n, IMAGE_TOKENS, width]."""
    decoder = model.model.language_model
    embedded = decoder.embed_tokens(batch.ids)
    start, stop = IMAGE_START, IMAGE_START + IMAGE_TOKENS
    inputs = torch.cat([embedded[:, :start], image_tokens, embedded[:, stop:]], dim=1)
    states = decoder(
        inputs_embeds=inputs, attention_mask=batch.mask, position_ids=batch.positions,
        use_cache=False,
    ).last_hidden_state  # fmt: skip
    return model.lm_head(states.flatten(0, 1)[batch.at])


def seeded(seed: int, step: int) -> random.Random:
    """The random numbers of one step, the same after a resume."""
    return random.Random(seed * 1_000_003 + step)
