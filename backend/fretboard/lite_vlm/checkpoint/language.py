"""SmolLM2-135M-Instruct out of its GGUF file, as a plain Llama with one token renamed."""

import json
from pathlib import Path

from tokenizers import Tokenizer
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, PreTrainedTokenizerFast

Arrays = dict[str, Tensor]
IMAGE_TOKEN, IMAGE_TOKEN_ID = "<image>", 16  # SmolLM2 never uses token 16, <empty_output>
END_TOKEN_ID = 2
UNUSED = "<empty_output>"
# ChatML as SmolLM2 has it, without its standing system message: the picture's positions are fixed.
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ '<image>' }}"
    "{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
    "{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def read_language(gguf: Path) -> tuple[LlamaConfig, Arrays]:
    """Configuration and weights in float32 ("model.layers…")."""
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name)
    kept = model.config.to_dict()
    for name in (
        "quantization_config",
        "architectures",
        "dtype",
        "_name_or_path",
        "pretraining_tp",
    ):
        kept.pop(name, None)
    return LlamaConfig(**kept), model.state_dict()


def read_tokenizer(gguf: Path) -> PreTrainedTokenizerFast:
    """SmolLM2's tokenizer with its unused token renamed to IMAGE_TOKEN and the chat template."""
    plain = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    described = json.loads(plain.backend_tokenizer.to_str())
    described["model"]["vocab"][IMAGE_TOKEN] = described["model"]["vocab"].pop(UNUSED)
    described["added_tokens"] = [
        {**token, "content": IMAGE_TOKEN if token["content"] == UNUSED else token["content"]}
        for token in described["added_tokens"]
    ]
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(described)),
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        unk_token="<|endoftext|>",
        pad_token="<|im_end|>",
        chat_template=TEMPLATE,
        extra_special_tokens={"image_token": IMAGE_TOKEN},
    )
