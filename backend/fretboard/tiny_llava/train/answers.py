"""The exported model answering in batches, and its hidden states read through the normed lens."""

from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoProcessor

from fretboard.tiny_llava.train.export import load_exported
from fretboard.tiny_llava.world.dialogue import prompt_text

BATCH = 100  # answers at once
LONGEST = 72  # tokens; three groups in detail need 50


@dataclass
class AnswerBatch:
    """``texts`` [n] and ``ids`` int64 [n, prompt + answer], padded with 0 after </s>."""

    texts: list[str]
    ids: torch.Tensor
    prompt_length: int


class WorldAnswerer:
    """Weights and processor from a folder, as users load them."""

    def __init__(self, folder: Path) -> None:
        self.processor = AutoProcessor.from_pretrained(folder)
        self.model = load_exported(folder)

    def pixels(self, images: list[Image.Image]) -> torch.Tensor:
        """Float [n, 3, 96, 96]."""
        return self.processor.image_processor(images=images, return_tensors="pt")["pixel_values"]

    @torch.no_grad()
    def ask(self, pixels: torch.Tensor, questions: list[str]) -> list[str]:
        """Greedy answers; questions of equal token length are answered together."""
        prompts = [self._prompt_ids(question) for question in questions]
        texts = [""] * len(prompts)
        for length in sorted({len(p) for p in prompts}):
            rows = [row for row, prompt in enumerate(prompts) if len(prompt) == length]
            for start in range(0, len(rows), BATCH):
                part = rows[start : start + BATCH]
                ids = torch.tensor([prompts[row] for row in part])
                for row, text in zip(part, self.generate(pixels[part], ids).texts, strict=True):
                    texts[row] = text
        return texts

    @torch.no_grad()
    def generate(self, pixels: torch.Tensor, prompts: torch.Tensor) -> AnswerBatch:
        """Greedy decoding of prompts int64 [n, length]."""
        ids = self.model.generate(
            input_ids=prompts, attention_mask=torch.ones_like(prompts), pixel_values=pixels,
            max_new_tokens=LONGEST, do_sample=False,
        )  # fmt: skip
        said = ids[:, prompts.shape[1] :]
        texts = self.processor.tokenizer.batch_decode(said, skip_special_tokens=True)
        return AnswerBatch(texts, ids, prompts.shape[1])

    def prompts(self, question: str, number: int) -> torch.Tensor:
        """The same prompt ``number`` times, int64 [number, length]."""
        return torch.tensor([self._prompt_ids(question)] * number)

    @torch.no_grad()
    def lens(self, pixels: torch.Tensor, answers: AnswerBatch) -> torch.Tensor:
        """Normed lens log-probabilities of every answer token's prediction.

        Float [depths, n, answer tokens, vocabulary]: final norm, then unembedding, at each depth.
        """
        output = self.model.model(
            input_ids=answers.ids, pixel_values=pixels, output_hidden_states=True,
            attention_mask=torch.ones_like(answers.ids),
        )  # fmt: skip
        norm = self.model.model.language_model.norm
        window = slice(answers.prompt_length - 1, answers.ids.shape[1] - 1)
        states = [norm(state[:, window]) for state in output.hidden_states[:-1]]
        states.append(output.hidden_states[-1][:, window])  # the last one comes normed
        return torch.stack([self.model.lm_head(state).log_softmax(-1) for state in states])

    def word_id(self, word: str) -> int:
        """The id of a one-token word."""
        return int(self.processor.tokenizer(word, add_special_tokens=False)["input_ids"][0])

    def _prompt_ids(self, question: str) -> list[int]:
        text = self.processor.tokenizer(prompt_text(question))["input_ids"]
        image = self.processor.tokenizer.convert_tokens_to_ids("<image>")
        length = self.model.config.image_seq_length
        return [i for token in text for i in ([token] * length if token == image else [token])]
