"""The family contract, with numbers, at transformers' published configurations.

Each class at its defaults with few layers, narrow, of few words (`tests/support/published.py`) and
with random weights: lens at depth L, cache, picture, skip and undo, batch against lone runs, as
`fretboard check` does. A seeded part by default; all, some minutes of one core, by
FRETBOARD_RELEASE_TESTS=on.
"""

import os

import pytest
import torch

from fretboard.core.errors import FretboardError
from fretboard.engine.check import Row, contract
from fretboard.model.checkpoint import assemble
from fretboard.model.inputs import Inputs
from fretboard.model.self_test import try_inputs
from tests.model.test_every_class import KINDS, NOT_BUILT, REFUSED, classes_of
from tests.support.published import SEEDS, noise, pictured, scaled
from tests.support.random_data import fresh
from tests.support.tiny_families import TOKENIZER

ALL = os.environ.get("FRETBOARD_RELEASE_TESTS") == "on"
SAMPLED = 6
SPREAD = 0.1  # of what is added to each weight, norms and gates too
# Of the documented families, those whose image path is asked with a picture, always tested.
PICTURED = (
    "InternVL", "Llava", "LlavaOnevision", "Mistral3", "PaliGemma", "Qwen2_5_VL",
)  # fmt: skip
WITH_PICTURE = {
    *PICTURED, "Cosmos3Edge", "Ernie4_5_VLMoe", "Exaone4_5_", "GotOcr2", "GraniteDocling",
    "HyperCLOVAXVisionV2", "Janus", "Lfm3Vl", "LightOnOcr", "LlavaNext", "Ovis2", "PPChart2Table",
    "PaddleOCRVL", "QianfanOCR", "Qwen2VL", "Qwen3VL", "VipLlava",
}  # fmt: skip
DOCUMENTED = (
    "GPT2", "GPTNeoX", "Gemma", "Gemma2", "Granite", "Llama", "Mamba", "Qwen2", "Qwen3",
    "RecurrentGemma",
)  # fmt: skip
# Refused with numbers, in a sentence with these words: docs/models.md says why.
SENTENCES = {
    "final norm and unembedding at the last depth": {
        "Bart", "BlenderbotSmall", "Inkling2", "Inkling2Text", "ModernBertDecoder", "Mvp", "TrOCR",
    },
    "looked for the same words": {"DeepseekV4", "Glm5Next", "HYV4", "ProphetNet"},
    "did not run on 8 text tokens alone": {
        "DeepseekV2", "Glm46V", "Glm4v", "Glm4vMoe", "Glmga", "Idefics", "Kosmos2",
        "Qwen3OmniMoeThinker", "Step3p7",
    },
    "with a cache and without it": {"Kosmos2_5", "NemotronH"},
    "does not run on a question": {"Bamba", "GraniteMoeHybrid", "Qwen2_5OmniThinker"},
    "can be skipped": {"MiniMax", "Rwkv", "xLSTM"},
}  # fmt: skip
# Not scaled: too large in what stays, or layers tied to one another by their number.
UNSCALED = {"MuseSpark", "PLBart", "Whisper", "Zamba", "Zamba2"}
# Prompts of one length alone share a batch: padding is read by a recurrence, or counted.
UNPADDED = {"BigBirdPegasus", "Blenderbot", "MBart", "Pegasus", "RecurrentGemma"}
TRIED = sorted(set(KINDS) - REFUSED - NOT_BUILT - UNSCALED)
LARGE = {
    "Afmoe", "BailingHybrid", "DeepseekV32", "Dots3Note", "Dots3NoteText", "Ernie4_5_Moe",
    "Ernie4_5_VLMoe", "ExaoneMoe", "FalconH1", "Gemma4", "Gemma4UnifiedText", "Glm4Moe",
    "Glm5Next", "GlmMoeDsa", "Jamba", "KimiLinear", "Llama4", "Llama4Text", "MiniCPMOcr",
    "MiniCPMV4_6", "MiniCPMV4_7", "Mistral4", "Olmoe", "Phimoe", "Qwen2Moe", "Qwen3Moe",
    "Qwen3Next", "Qwen3OmniMoeThinker", "Qwen3VLMoe", "Qwen3_5", "Qwen3_5Text", "UnlimitedOcr",
    "xLSTM",
}  # fmt: skip


def chosen() -> list[str]:
    if ALL:
        return TRIED
    others = sorted(set(TRIED) - LARGE - {*PICTURED, *DOCUMENTED})
    drawn = fresh().choice(others, SAMPLED, replace=False).tolist()
    return [*PICTURED, *DOCUMENTED, *drawn]


def plain(ids: list[int], name: str) -> Inputs:
    """A prompt of words; PaliGemma's processor tells that all of it is the prefix."""
    numbers = torch.tensor([ids])
    tensors = {"input_ids": numbers, "attention_mask": torch.ones_like(numbers)}
    told = {"token_type_ids": torch.zeros_like(numbers)} if "Pali" in name else {}
    return Inputs(tensors | told, None)


def run(name: str) -> Row:
    """Raises FretboardError where it is refused."""
    kind, class_ = classes_of(name)
    torch.manual_seed(0)
    model = class_(scaled(kind())).eval()
    for weight in model.parameters():
        weight.data += SPREAD * torch.randn_like(weight)
    model.generation_config.eos_token_id = None
    checkpoint = assemble(model, None, TOKENIZER)
    row = Row(name, model.config.model_type, "")
    batch = [plain([1, 7, 21, 40, 5, 63, 33, 12, 9], name), plain([1, 9, 80, 4, 17], name)]
    asked: tuple[Inputs, Inputs | None] = (batch[0], None)
    if name in WITH_PICTURE:
        left, right = (pictured(model, kind, noise(seed)) for seed in SEEDS)
        asked = Inputs(left, None), Inputs(right, None)
    passed = try_inputs(checkpoint, *asked)
    assert passed.lens < 1e-5
    assert passed.cache < 1e-3
    assert (passed.image or 0) > 0 or name not in WITH_PICTURE
    assert passed.image_positions > 0 or name not in WITH_PICTURE
    contract(checkpoint, batch, row)
    return row


@pytest.mark.parametrize("name", chosen())
def test_it_keeps_the_contract_or_is_refused_in_a_sentence(name):
    words = next((words for words, names in SENTENCES.items() if name in names), "")
    if words:
        with pytest.raises(FretboardError) as refused:
            run(name)
        assert words in refused.value.detail
        assert "\n" not in refused.value.detail
        return
    row = run(name)
    assert row.problems == []
    assert row.padded == (name not in UNPADDED)
    assert row.undone
    assert row.skip


def test_the_lists_name_known_classes():
    assert set(TRIED) >= {
        *WITH_PICTURE,
        *DOCUMENTED,
        *LARGE,
        *UNPADDED,
        *set().union(*SENTENCES.values()),
    }
