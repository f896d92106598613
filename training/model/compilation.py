"""Compiling a model by its recipe: loss, metric, optimizer and the schedule of its rate."""

from typing import Any

import keras

from modiste.artifact import Head, LossInfo
from training.schema.losses import Loss
from training.schema.optimizers import Optimizer
from training.schema.recipe import Recipe

# Between two looks of Python at a fit: each costs as much as a step of a small network. Between them no
# signal is heard and no progress is seen, so this is for networks whose steps are short.
_SHORT_STEPS_PER_EXECUTION = 32
# With one of these a step takes many times as long as a look: on a CPU, up to seconds.
_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)


def compile_model(model: Any, recipe: Recipe, steps_per_epoch: int) -> None:
    """Compile the model in place; a schedule in epochs becomes one in steps."""
    on_tensorflow = keras.backend.backend() == "tensorflow"
    # TensorFlow runs several in a loop; Keras on JAX writes them out one after the other, to be compiled so.
    in_a_loop = on_tensorflow and not any(isinstance(layer, _CONVOLUTIONS) for layer in model.layers)
    if not on_tensorflow:
        # One layer that XLA cannot compile from TensorFlow's graph, as those that shift, turn or zoom images,
        # has Keras run all of each step operation by operation, on JAX too. JAX compiles them all.
        for layer in model.layers:
            layer.supports_jit = True
    model.compile(
        optimizer=_optimizer(recipe.optimizer, recipe.fit.epochs, steps_per_epoch),
        loss=_loss(recipe.loss),
        metrics=[_metric(recipe)],
        steps_per_execution=min(_SHORT_STEPS_PER_EXECUTION, steps_per_epoch) if in_a_loop else 1,
        # From TensorFlow, XLA compiles convolutions for processors that oneDNN runs faster.
        jit_compile=not on_tensorflow,
    )


def loss_info(loss: Loss) -> LossInfo:
    """Return the loss as a version's summary describes it."""
    return LossInfo(name=type(loss).__name__, config=loss.model_dump(exclude={"name"}))


def _loss(loss: Loss) -> Any:
    return getattr(keras.losses, type(loss).__name__)(**loss.model_dump(exclude={"name"}))


def _metric(recipe: Recipe) -> Any:
    if recipe.head is Head.LOGIT:
        # Keras's own "accuracy" would take logits for probabilities, and takes no threshold of 0.
        return keras.metrics.BinaryAccuracy(name="accuracy", threshold=keras.backend.epsilon())
    return recipe.metric


def _optimizer(optimizer: Optimizer, epochs: int, steps_per_epoch: int) -> Any:
    settings = optimizer.model_dump(exclude={"name", "schedule"}, exclude_none=True)
    if optimizer.schedule is not None:
        top, warmup = settings.pop("learning_rate"), optimizer.schedule.warmup_epochs * steps_per_epoch
        settings["learning_rate"] = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0 if warmup else top,
            decay_steps=max(1, round(epochs * steps_per_epoch - warmup)),
            alpha=optimizer.schedule.alpha,
            warmup_target=top if warmup else None,
            warmup_steps=round(warmup),
        )
    return getattr(keras.optimizers, type(optimizer).__name__)(**settings)
