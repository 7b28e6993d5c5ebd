"""What a POST may send: the domain's own fields, with uploads beside them."""

from typing import Annotated

from fastapi import UploadFile
from pydantic import Field

from fretboard.core.causal_test import BLANK, TestFields
from fretboard.core.question import Question, QuestionFields, new_salt

MULTIPART = "multipart/form-data"


class AskForm(QuestionFields):
    """A question about whatever comes with it."""

    private: bool = False
    """Makes the ids unguessable: the same again is another record."""

    def question(self) -> Question:
        """As the domain takes it, without a picture."""
        fields = self.model_dump(include=set(QuestionFields.model_fields))
        return Question(**fields, salt=new_salt() if self.private else None)


class QuestionForm(AskForm):
    """A question with its picture."""

    image: UploadFile | None = None
    image_of: str | None = None
    """An analysis whose image is asked about, in place of `image`."""

    def question(self) -> Question:
        """As the domain takes it, the upload read."""
        return super().question().but(image=_read(self.image))


class ImageSetForm(AskForm):
    """One question of several images: uploads, known analyses, or a set of the bundled world."""

    images: Annotated[list[UploadFile], Field(default_factory=list)]
    analysis: Annotated[list[str], Field(default_factory=list)]
    """Ids of known analyses."""
    world: str | None = None
    """A set of the bundled world."""
    token: str = ""
    """first-difference (default), after:is, class:colour, words:red,blue or an index."""

    def uploads(self) -> list[tuple[str, bytes]]:
        """(name, bytes) of the pictures that came."""
        return [(upload.filename or "image", upload.file.read()) for upload in self.images]


class TestForm(TestFields):
    """A causal test, with another picture to patch against."""

    other_image: UploadFile | None = None

    def upload(self) -> bytes | None:
        """The other picture's bytes."""
        return _read(self.other_image)

    @property
    def fields(self) -> TestFields:
        """As the domain takes it."""
        chosen = self.model_dump(include=set(TestFields.model_fields))
        return TestFields(**chosen | {"other": self.other or BLANK})


def _read(upload: UploadFile | None) -> bytes | None:
    return upload.file.read() if upload is not None else None
