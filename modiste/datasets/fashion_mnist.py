"""Fashion-MNIST: 70,000 grey images of 28x28 pixels, ten kinds of clothing (Zalando SE, MIT licence).

Files from before 31 August 2017 held test images among the training ones; their sums differ, so they
are refused.
"""

from pathlib import Path

from modiste.datasets.corpus import Corpus
from modiste.datasets.idx_files import IdxFile, IdxFiles

PARTS = {
    "x_train": IdxFile(
        name="train-images-idx3-ubyte",
        sha256="c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        md5="8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    ),
    "y_train": IdxFile(
        name="train-labels-idx1-ubyte",
        sha256="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        md5="25c81989df183df01b3e8a0aad5dffbe",
    ),
    "x_test": IdxFile(
        name="t10k-images-idx3-ubyte",
        sha256="5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        md5="bef4ecab320f06d8554ea6380940ec79",
    ),
    "y_test": IdxFile(
        name="t10k-labels-idx1-ubyte",
        sha256="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        md5="bb300cfdad3c16e7a12a480ee83cd310",
    ),
}

FASHION_MNIST = Corpus(
    name="fashion_mnist",
    class_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    image_shape=(28, 28),
    train_rows=60_000,
    folders=("fashion-mnist", "fashion_mnist", "FashionMNIST/raw"),
    formats=(IdxFiles(PARTS),),
    package="dataset-fashion-mnist",
    system_folder=Path("/usr/share/datasets/fashion-mnist"),
)
