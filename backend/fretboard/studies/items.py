"""What a survey asks: one image, one prompt, and the truth where there is one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator

from fretboard.studies.truth.words import Truth, YesOrNo

Label = Annotated[
    YesOrNo, BeforeValidator(lambda text: text.strip().lower() if isinstance(text, str) else text)
]


@dataclass(frozen=True)
class StudyItem:
    """One image to be asked about; `prompt` None: the command's own."""

    id: str
    image: Path
    prompt: str | None = None
    truth: Truth | None = None
