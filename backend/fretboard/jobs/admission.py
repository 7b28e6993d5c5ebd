"""How much memory a request will take, before it runs; too large is refused with what would fit.

Extra to the weights, at the peak of the run. docs/operations.md has the error against measured
peaks. No torch: a web process decides.
"""

from bisect import bisect_right

from pydantic import BaseModel

from fretboard.core.errors import TooLarge
from fretboard.core.model_info import ModelShape

ITEM_BYTES = {"float32": 4, "float64": 8}  # of a number; all other dtypes take two bytes
HALF = 2
# Of the readout, in float32 cells: one matrix product, and what is made of it at the same time.
PRODUCT_CELLS, PRODUCT_COPIES = 8_000_000, 2.0
GROUP = 16  # tokens that are read out together at most
# Stored per depth and token: five numbers of 4 bytes, ten leaders of 8.
STORED_BYTES = 100
# Between decoder layers: residual stream, its norm, queries, attention's output.
STREAMS = 4
GATES = 3  # of the MLP's width: gate, up, their product
CHAT_TOKENS = 64  # what a chat template adds to a prompt, at most
LETTERS_PER_TOKEN = 2  # fewest, over whole prompts; where the tokenizer is not known yet


class Load(BaseModel):
    """Of a request, in tokens."""

    prompt: int
    """Chat template and image positions included."""
    new: int


def request_bytes(shape: ModelShape, load: Load) -> int:
    """Bytes at the peak: keys and values, captured states, prefill or readout, what is stored."""
    item = ITEM_BYTES.get(shape.dtype or "", HALF)
    depths = shape.layers + 1
    cache = 2 * shape.layers * shape.kv_width * item * (load.prompt + load.new)
    # Once as captured, once more while they are put together at the end.
    states = 2 * depths * shape.width * item * load.new
    stored = depths * STORED_BYTES * load.new
    return int(cache + states + stored + max(_prefill(shape, load, item), _readout(shape, load)))


def _prefill(shape: ModelShape, load: Load, item: int) -> float:
    """The prompt goes through one layer at a time."""
    return load.prompt * (STREAMS * shape.width + GATES * shape.mlp_width) * item


def _readout(shape: ModelShape, load: Load) -> float:
    cells = min(load.new, GROUP) * (shape.layers + 1) * shape.vocabulary
    return min(cells, PRODUCT_CELLS) * 4 * PRODUCT_COPIES


def most_new_tokens(shape: ModelShape, load: Load, limit: int) -> int:
    """How many new tokens fit into `limit` bytes with this prompt; 0: not even one."""

    def needed(new: int) -> int:
        return request_bytes(shape, load.model_copy(update={"new": new}))

    return bisect_right(range(1, load.new + 1), limit, key=needed)


def prompt_tokens(text: str, tokens: int | None, image_positions: int) -> int:
    """Of a whole prompt; `tokens` as a tokenizer counts the text, None where there is none yet."""
    counted = tokens if tokens is not None else -(-len(text) // LETTERS_PER_TOKEN)
    return counted + CHAT_TOKENS + image_positions


def admit(shape: ModelShape, load: Load, limit: int) -> float:
    """The share of `limit` bytes that a request takes. Raises TooMuchMemory above 1."""
    needed = request_bytes(shape, load)
    if needed <= limit:
        return needed / limit
    fits = most_new_tokens(shape, load, limit)
    advice = (
        f"At most {fits} new tokens fit with this prompt: ask for max_new_tokens={fits}."
        if fits
        else "Not even one new token fits. Shorten the prompt, or leave out the image."
    )
    raise TooMuchMemory(
        f"This request would take about {needed / 1e6:.0f} MB; there are {limit / 1e6:.0f} MB "
        f"for one. {advice}",
        max_new_tokens=fits,
    )


class TooMuchMemory(TooLarge):
    """A request beyond the memory; `members` go into the problem document."""

    title = "Too large for the model's memory"
