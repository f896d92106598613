"""MNIST: 70,000 grey images of 28x28 pixels, handwritten digits (Y. LeCun and C. Cortes, CC BY-SA 3.0).

Published as four IDX files, and by Keras as ``mnist.npz`` with the same arrays.
"""

from modiste.datasets.corpus import Corpus
from modiste.datasets.idx_files import IdxFile, IdxFiles
from modiste.datasets.npz_file import NpzFile
from modiste.datasets.published import PublishedFile

PARTS = {
    "x_train": IdxFile(
        name="train-images-idx3-ubyte",
        sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        md5="f68b3c2dcbeaaa9fbdd348bbdeb94873",
    ),
    "y_train": IdxFile(
        name="train-labels-idx1-ubyte",
        sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        md5="d53e105ee54ea40749a09fcbcd1e9432",
    ),
    "x_test": IdxFile(
        name="t10k-images-idx3-ubyte",
        sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        md5="9fb629c4189551a2d022fa330f9573f3",
    ),
    "y_test": IdxFile(
        name="t10k-labels-idx1-ubyte",
        sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        md5="ec29112dd5afa0611ce80d1b7f02629c",
    ),
}
NPZ = PublishedFile("mnist.npz", "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1")

MNIST = Corpus(
    name="mnist",
    class_names=tuple("0123456789"),
    image_shape=(28, 28),
    train_rows=60_000,
    folders=("mnist", "MNIST/raw"),
    formats=(IdxFiles(PARTS), NpzFile(NPZ, {part: file.sha256 for part, file in PARTS.items()})),
)
