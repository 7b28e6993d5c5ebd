"""What a model has no number or no room for, told before it runs."""

from collections.abc import Sequence

from PIL import Image

from fretboard.core.errors import InputError
from fretboard.core.room import check_answer, check_continuation, check_ids
from fretboard.core.vocabulary import Vocabulary
from fretboard.model.checkpoint import Checkpoint

# Families whose classes lose count of a picture that becomes a single position.
NOT_SINGLE = frozenset({"mistral3", "lighton_ocr"})


def check_words(checkpoint: Checkpoint, ids: Sequence[int], where: str) -> None:
    """`ids` of the `where`: prompt or continuation. Raises InputError that names the word."""
    embedding = checkpoint.model.get_input_embeddings()
    rows = int(getattr(embedding, "num_embeddings", 0) or embedding.weight.shape[0])
    if where == "continuation":  # is predicted as well
        rows = min(rows, checkpoint.anatomy.vocabulary)
    known = [word_id for word_id in ids if word_id != checkpoint.anatomy.image_token_id]
    if max(known, default=0) >= rows:
        check_ids(known, rows, Vocabulary(checkpoint.tokenizer_json), where)


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
    if forced:
        check_continuation(new, longest)
    check_answer(checkpoint.positions, prompt, new, forced)
