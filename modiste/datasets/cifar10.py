"""CIFAR-10: 60,000 colour images of 32x32 pixels, ten kinds of animals and vehicles (A. Krizhevsky, 2009).

Published three times with the same images, as binary records, as Python's pickles and for Matlab, each in an
archive: https://www.cs.toronto.edu/~kriz/cifar.html. The first two are read. The sums of the pickles and of
the archives are those that torchvision and Keras check, those of the binary records are MXNet's.
"""

from modiste.datasets.cifar import decode_pickle, decode_records
from modiste.datasets.cifar_files import CifarFiles
from modiste.datasets.corpus import Corpus
from modiste.datasets.published import PublishedFile

_PICKLES = CifarFiles(
    decode=decode_pickle,
    folder="cifar-10-batches-py",
    archive=PublishedFile(
        "cifar-10-python.tar.gz", "sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
    ),
    train=(
        PublishedFile("data_batch_1", "md5:c99cafc152244af753f735de768cd75f"),
        PublishedFile("data_batch_2", "md5:d4bba439e000b95fd0a9bffe97cbabec"),
        PublishedFile("data_batch_3", "md5:54ebc095f3ab1f0389bbae665268c751"),
        PublishedFile("data_batch_4", "md5:634d18415352ddfa80567beed471001a"),
        PublishedFile("data_batch_5", "md5:482c414d41f54cd18b22e5b47cb7c3cb"),
    ),
    test=(PublishedFile("test_batch", "md5:40351d587109b95175f43aff81a1287e"),),
)
_RECORDS = CifarFiles(
    decode=decode_records,
    folder="cifar-10-batches-bin",
    archive=PublishedFile(
        "cifar-10-binary.tar.gz", "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
    ),
    train=(
        PublishedFile("data_batch_1.bin", "sha1:aadd24acce27caa71bf4b10992e9e7b2d74c2540"),
        PublishedFile("data_batch_2.bin", "sha1:c0ba65cce70568cd57b4e03e9ac8d2a5367c1795"),
        PublishedFile("data_batch_3.bin", "sha1:1dd00a74ab1d17a6e7d73e185b69dbf31242f295"),
        PublishedFile("data_batch_4.bin", "sha1:aab85764eb3584312d3c7f65fd2fd016e36a258e"),
        PublishedFile("data_batch_5.bin", "sha1:26e2849e66a845b7f1e4614ae70f4889ae604628"),
    ),
    test=(PublishedFile("test_batch.bin", "sha1:67eb016db431130d61cd03c7ad570b013799c88c"),),
)

CIFAR10 = Corpus(
    name="cifar10",
    class_names=(
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ),
    image_shape=(32, 32, 3),
    train_rows=50_000,
    folders=(
        "cifar-10-batches-bin",
        "cifar-10-batches-py",
        "cifar-10-batches-py-target/cifar-10-batches-py",  # what Keras's download leaves
        "cifar10",
        "cifar-10",
    ),
    formats=(_RECORDS, _PICKLES),
    unread=("cifar-10-matlab.tar.gz", "cifar-10-batches-mat", "data_batch_1.mat"),
)
