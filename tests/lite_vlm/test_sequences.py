"""Packing: every exchange is trained as if it stood alone behind the picture."""

import torch

from fretboard.lite_vlm.train.questions import Exchange
from fretboard.lite_vlm.train.sequences import IGNORED, Packer, collate, embed
from tests.lite_vlm.parts import SIZE, byte_tokenizer, tiny_language

EXCHANGES = (
    Exchange("What is this?", "There is a cat.", ("cat",)),
    Exchange("Is there a dog?", "No, there is no dog.", ("No",)),
    Exchange("Where?", "On the left.", ("left",)),
)


def _answers(packed, length: int) -> list[torch.Tensor]:
    """Logits of every answered position, by exchange."""
    language = tiny_language()
    batch = collate([packed], length)
    with torch.no_grad():
        logits = language(
            inputs_embeds=embed(batch, language.model.embed_tokens, 3),
            position_ids=batch.positions,
            attention_mask=batch.mask,
        ).logits[0]
    answered = batch.labels[0] != IGNORED
    segments = torch.tensor([*packed.segments, *[-1] * (length - len(packed.segments))])
    return [
        logits[answered & (segments == number)] for number in range(1, max(packed.segments) + 1)
    ]


def _packer() -> Packer:
    return Packer(byte_tokenizer().backend_tokenizer)


def test_an_exchange_is_answered_as_alone() -> None:
    packer = _packer()
    assert len(packer.start) == len("user\n") + 1
    image = torch.randn(64, SIZE, generator=torch.Generator().manual_seed(0))
    together = packer.pack(image, EXCHANGES, 1000)
    for number, exchange in enumerate(EXCHANGES):
        alone = packer.pack(image, [exchange], 1000)
        length = len(together.tokens) + 5  # padded, which must not matter either
        (expected,) = _answers(alone, length)
        torch.testing.assert_close(
            _answers(together, length)[number], expected, atol=1e-5, rtol=1e-4
        )


def test_the_picture_matters_to_every_exchange() -> None:
    packer = _packer()
    first, second = torch.randn(2, 64, SIZE, generator=torch.Generator().manual_seed(1))
    length = len(packer.pack(first, EXCHANGES, 1000).tokens)
    one, other = (
        _answers(packer.pack(image, EXCHANGES, 1000), length) for image in (first, second)
    )
    for left, right in zip(one, other, strict=True):
        assert (left - right).abs().max() > 1e-3


def test_labels_are_the_answer_and_its_content_weighs_more() -> None:
    packer, tokenizer = _packer(), byte_tokenizer()
    packed = packer.pack(None, EXCHANGES[:1], 1000)
    labels = [label for label in packed.labels if label != IGNORED]
    assert tokenizer.decode(labels) == "There is a cat.<|im_end|>"
    heavy = [
        label for label, weight in zip(packed.labels, packed.weights, strict=True) if weight > 1
    ]
    assert tokenizer.decode(heavy) == "cat"
    for at, label in enumerate(packed.labels):  # each label is the token behind its position
        assert label == IGNORED or label == packed.tokens[at + 1]


def test_what_does_not_fit_is_left_out() -> None:
    packer = _packer()
    whole = packer.pack(None, EXCHANGES, 1000)
    less = packer.pack(None, EXCHANGES, len(whole.tokens) - 1)
    assert max(less.segments) == 2
    assert less.tokens == whole.tokens[: len(less.tokens)]
