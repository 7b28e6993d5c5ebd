"""Plain questions with the language model's own answers, so that it keeps what it can."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import LlamaForCausalLM

from .questions import Exchange
from .sequences import BETWEEN, START

PLAIN = Path(__file__).parent / "plain_questions.txt"
LONGEST = 28  # tokens kept of an answer
TOGETHER = 32  # questions answered at a time
PADDING = 2


def plain_questions() -> tuple[list[str], list[str]]:
    """For training and, every fifth, held out."""
    lines = PLAIN.read_text().splitlines()
    return [line for n, line in enumerate(lines) if n % 5], lines[::5]


@torch.no_grad()
def own_answers(
    model: LlamaForCausalLM, tokenizer: Tokenizer, questions: list[str], longest: int = LONGEST
) -> list[str]:
    """The model's greedy answer to each, cut behind its first sentence where one ends in time."""
    answers = []
    for first in range(0, len(questions), TOGETHER):
        prompts = [
            f"{START}{question}{BETWEEN}" for question in questions[first : first + TOGETHER]
        ]
        tokens, mask = _padded([tokenizer.encode(p, add_special_tokens=False).ids for p in prompts])
        output = model.generate(
            input_ids=tokens,
            attention_mask=mask,
            max_new_tokens=longest,
            do_sample=False,
            pad_token_id=PADDING,
        )
        for row in output[:, tokens.shape[1] :].tolist():
            text = tokenizer.decode(row, skip_special_tokens=True).strip()
            answers.append(first_sentence(text))
    return answers


def _padded(rows: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Tokens with padding on the left, and the mask that hides it."""
    longest = max(map(len, rows))
    tokens = [[PADDING] * (longest - len(row)) + row for row in rows]
    mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(tokens), torch.tensor(mask)


def first_sentence(text: str) -> str:
    """Up to the first full stop that ends a sentence; the whole text if there is none."""
    line = text.split("\n")[0].strip()
    for at, sign in enumerate(line):
        if sign in ".!?" and line[at + 1 : at + 2] in ("", " ") and at > 2:
            return line[: at + 1]
    return line


def replayed(model: LlamaForCausalLM, tokenizer: Tokenizer, kept: Path) -> list[Exchange]:
    """Training questions with the model's own answers, made once and kept as JSON."""
    if not kept.exists():
        questions = plain_questions()[0]
        answers = own_answers(model, tokenizer, questions)
        kept.write_text(json.dumps(list(zip(questions, answers, strict=True)), indent=1))
    return [
        Exchange(question, answer) for question, answer in json.loads(kept.read_text()) if answer
    ]
