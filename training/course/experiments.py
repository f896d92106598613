"""The fourteen experiments: what each is, which command runs it alone, and which function runs it here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from training.course.curves import activations, dropout, learning_curves, optimizers
from training.course.heads import HEADS, heads
from training.course.lab import Lab
from training.course.outcome import Outcome
from training.course.plain import colours, digits, logistic_regression, one_layer, relu
from training.course.saving import best_checkpoint, saved_and_restored
from training.course.spellings import three_spellings
from training.course.summaries import summaries


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment of the course.

    Attributes:
        number: by which it is asked for.
        title: what it is about.
        what: what is trained, and how.
        commands: what runs it alone; its trainings publish their models.
        run: what runs it within the course.
    """

    number: int
    title: str
    what: str
    commands: tuple[str, ...]
    run: Callable[[Lab], Outcome]


_ALL = (
    Experiment(
        1,
        "Logistic regression",
        "scikit-learn's `SGDClassifier` on 784 scaled pixels of all training images, cross-validated.",
        ("modiste train fashion-baseline",),
        logistic_regression,
    ),
    Experiment(
        2,
        "One dense layer",
        "784 pixels, 10 softmax units; Keras's default RMSprop, 5 epochs.",
        ("modiste train fashion-one-layer",),
        one_layer,
    ),
    Experiment(
        3,
        "A hidden layer, in three spellings",
        "100 sigmoid units before the output; trained as experiment 2.",
        (
            "modiste train fashion-hidden-list",
            "modiste train fashion-hidden-named",
            "modiste train fashion-hidden-add",
        ),
        three_spellings,
    ),
    Experiment(
        4,
        "ReLU and Flatten",
        "Flatten, 100 ReLU units, 10 softmax units; Adam, 5 epochs.",
        ("modiste train fashion-relu",),
        relu,
    ),
    Experiment(
        5,
        "Optimizers compared",
        "The network of experiment 4 with seven optimizers, 5 epochs each.",
        ("modiste sweep fashion-optimizers",),
        optimizers,
    ),
    Experiment(
        6,
        "Learning curves",
        "The network of experiment 4 over 5 and 20 epochs.",
        ("modiste sweep fashion-epochs",),
        learning_curves,
    ),
    Experiment(
        7,
        "Dropout",
        "The network of experiment 4 with Dropout(0.3) before the output, 20 epochs.",
        ("modiste train fashion-dropout",),
        dropout,
    ),
    Experiment(
        8,
        "Saving and restoring",
        "The model of experiment 7: its weights alone, and the whole model in two formats.",
        ("modiste course 8",),
        saved_and_restored,
    ),
    Experiment(
        9,
        "Best checkpoint and early stopping",
        "The network of experiment 7; the best epoch is kept, patience 2, up to 20 epochs.",
        ("modiste train fashion-early-stopping",),
        best_checkpoint,
    ),
    Experiment(
        10,
        "Digits",
        "Experiments 1, 2 and 4 on MNIST.",
        ("modiste train mnist-baseline", "modiste train mnist-one-layer", "modiste train mnist-relu"),
        digits,
    ),
    Experiment(
        11,
        "Colour images, functional API",
        "200 and 150 ReLU units, 10 softmax units on CIFAR-10; one-hot labels, Adam(0.0005), 10 epochs. "
        "Plain networks of this size are reported to reach 0.41 to 0.55.",
        ("modiste train cifar-mlp",),
        colours,
    ),
    Experiment(
        12,
        "Heads and losses",
        "The hidden layer of experiment 4 with six last layers and their losses, 2 epochs each.",
        tuple(f"modiste train fashion-head-{head}" for head in HEADS),
        heads,
    ),
    Experiment(
        13,
        "Activations",
        "The network of experiment 4 with sigmoid, ReLU and leaky ReLU.",
        ("modiste sweep fashion-activations",),
        activations,
    ),
    Experiment(
        14,
        "Looking inside",
        "`summary()` of each network.",
        ("modiste train fashion-relu --summary",),
        summaries,
    ),
)
EXPERIMENTS: Mapping[int, Experiment] = MappingProxyType({one.number: one for one in _ALL})
