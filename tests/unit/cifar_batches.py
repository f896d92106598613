"""Small batches in CIFAR-10's two formats, written byte by byte as the published ones are."""

import struct

import numpy as np


def records(planes: np.ndarray, labels: list[int]) -> bytes:
    """Binary records; `planes` is uint8 [rows, 3072]: red, green, blue."""
    return b"".join(bytes([label]) + row.tobytes() for label, row in zip(labels, planes, strict=True))


def pickled(planes: np.ndarray, labels: list[int]) -> bytes:
    """A pickle as Python 2 writes it, protocol 2: every string is of bytes, the array calls NumPy's names."""
    return (
        b"\x80\x02}q\x01("
        + text(b"batch_label")
        + text(b"training batch 1 of 5")
        + text(b"labels")
        + b"]q\x05("
        + b"".join(b"K" + bytes([label]) for label in labels)
        + b"e"
        + text(b"data")
        + array(planes)
        + text(b"filenames")
        + b"]("
        + text(b"leptodactylus_pentadactylus_s_000004.png")
        + b"e"
        + b"u."
    )


def array(planes: np.ndarray) -> bytes:
    """The array: `_reconstruct(ndarray, (0,), 'b')` and then its state."""
    rows, width = planes.shape
    return (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x06cnumpy\nndarray\nq\x07K\x00\x85" + text(b"b") + b"\x87R("
        + b"K\x01" + b"M" + struct.pack("<H", rows) + b"M" + struct.pack("<H", width) + b"\x86"
        + b"cnumpy\ndtype\nq\x0b" + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        + b"T" + struct.pack("<i", planes.nbytes) + planes.tobytes()
        + b"tb"
    )  # fmt: skip


def text(value: bytes) -> bytes:
    """A short string of Python 2."""
    return b"U" + bytes([len(value)]) + value
