"""The data of a recipe: which images, which of them are held out, and what is asked about them."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from modiste.datasets import dataset_names, is_path
from training.schema.section import Section

Side = Annotated[int, Field(ge=1, le=4096)]


class ClassTarget(Section):
    """Which of the data set's classes an image belongs to."""

    type: Literal["class"]


class OneAgainstRest(Section):
    """Whether an image belongs to one class, by its name, or to any other."""

    type: Literal["one_against_rest"]
    class_name: str


class MeanInk(Section):
    """A number read off the image: the mean of its pixels, scaled to 0-1."""

    type: Literal["mean_ink"]


Target = Annotated[ClassTarget | OneAgainstRest | MeanInk, Field(discriminator="type")]


class Data(Section):
    """Which data, and how much of its training part is held out for validation.

    `dataset` is a known name, or the path of an ``.npz`` file or of a folder of images by class.
    `test` is the share of such data that becomes test data where they have none of their own.
    """

    dataset: str
    validation: float = Field(default=0.2, gt=0, lt=1)
    test: float = Field(default=0.2, gt=0, lt=1)
    split_seed: int = Field(default=42, ge=0, lt=2**32)
    image_size: tuple[Side, Side] | None = Field(default=None, strict=False)
    channels: Literal[1, 3] | None = None
    target: Target = ClassTarget(type="class")

    @field_validator("dataset")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in dataset_names() and not is_path(name):
            raise ValueError(
                f"{name!r} is not known; allowed: {', '.join(dataset_names())}, "
                "or the path of an .npz file or of a folder of images by class"
            )
        return name
