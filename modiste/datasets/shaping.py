"""Images of another size or number of channels than they came with, where the caller asks for it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from modiste.pictures import resized


def shaped(
    x: NDArray[np.uint8], image_size: tuple[int, int] | None, channels: int | None
) -> NDArray[np.uint8]:
    """Return images of a size and of 1 or 3 channels; None leaves them as they are.

    Args:
        x: uint8 [rows, height, width] or [rows, height, width, 3].
        image_size: height and width, brought about by a Lanczos filter.
        channels: 1 for [rows, height, width], 3 for [rows, height, width, 3].
    """
    came = 1 if x.ndim == 3 else 3
    size, wanted = image_size or (x.shape[1], x.shape[2]), channels or came
    if (size, wanted) == (x.shape[1:3], came):
        return x
    mode = "L" if wanted == 1 else "RGB"
    result = np.empty((len(x), *size, *(() if wanted == 1 else (3,))), np.uint8)
    for row, image in enumerate(x):
        result[row] = np.asarray(resized(Image.fromarray(image).convert(mode), size))
    return result
