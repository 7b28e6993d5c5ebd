"""What a model has no number or no room for, told before it runs."""

from collections.abc import Iterable

from PIL import Image

from fretboard.core.errors import InputError
from fretboard.core.room import check_answer
from fretboard.model.checkpoint import Checkpoint

# Families whose classes lose count of a picture that becomes a single position.
NOT_SINGLE = frozenset({"mistral3", "lighton_ocr"})


def check_words(checkpoint: Checkpoint, ids: Iterable[int], where: str) -> None:
    """`ids` of the `where`: prompt or continuation. Raises InputError that names the word."""
    embedding = checkpoint.model.get_input_embeddings()
    rows = int(getattr(embedding, "num_embeddings", 0) or embedding.weight.shape[0])
    if where == "continuation":  # is predicted as well
        rows = min(rows, checkpoint.anatomy.vocabulary)
    for token_id in ids:
        if token_id >= rows and token_id != checkpoint.anatomy.image_token_id:
            word = checkpoint.tokenizer.decode([token_id])
            raise InputError(
                f"The {where} holds {word!r}, which the tokenizer knows (id {token_id}) and the "
                f"model does not: it has {rows} words. Leave it out."
            )


def check_picture(checkpoint: Checkpoint, positions: int, image: Image.Image) -> None:
    """positions: that the picture became. Raises InputError where the model takes more."""
    if positions != 1 or checkpoint.model.config.model_type not in NOT_SINGLE:
        return
    config = checkpoint.model.config
    side = config.vision_config.patch_size * config.spatial_merge_size
    raise InputError(
        f"The picture of {image.width} × {image.height} pixels is too small for this model. Send "
        f"one of at least {side + 1} × {side + 1} pixels."
    )


def check_room(checkpoint: Checkpoint, prompt: int, new: int, forced: bool, longest: int) -> None:
    """prompt, new: in tokens; new is a continuation's own where `forced`. Raises InputError."""
    if forced and new > longest:
        raise InputError(
            f"The continuation has {new} tokens; at most {longest} are taken "
            "(FRETBOARD_MAX_NEW_TOKENS). Shorten it."
        )
    check_answer(checkpoint.positions, prompt, new, forced)
