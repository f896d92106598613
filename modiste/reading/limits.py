"""How much of a model file is believed: the limits of reading, as one value object."""

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """Upper bounds on what a model file may hold or declare.

    The defaults admit the largest models that Keras ships for images (VGG16 with its optimizer's
    state is 1.6 GB, NASNetLarge has 1,041 layers and a configuration of 1.5 MB) and little more.
    """

    file_bytes: int = 2048 * _MIB
    json_bytes: int = 8 * _MIB
    json_depth: int = 100
    layers: int = 2_000
    weights_bytes: int = 2048 * _MIB
    """Of all arrays together, as declared, before any is read."""
    hdf5_objects: int = 100_000
    hdf5_depth: int = 100
    parameters: int = 500_000_000
    activations_per_row: int = 256 * _MIB
    """Values that one row leaves in all layers' outputs together."""
    seconds: float = 30.0
    """For reading and checking the whole file, before Keras sees it."""
