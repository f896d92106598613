"""Training on real images with real Keras: what is built, what is kept, and when it ends."""

import dataclasses

import keras
import numpy as np
import pytest
from sklearn.model_selection import train_test_split
from training_data import layers, small_dataset, small_recipe

from training.errors import NonFiniteLossError, RecipeError
from training.fitting.fit import fit
from training.fitting.partition import Partition, hold_out
from training.model.compilation import compile_model
from training.model.network import build
from training.train import train_on


@pytest.fixture(scope="module")
def dataset():
    return small_dataset()


@pytest.fixture(scope="module")
def trained(dataset):
    return train_on(dataset, small_recipe(fit={"epochs": 4}))


@pytest.fixture(scope="module")
def part(dataset) -> Partition:
    return hold_out(dataset.train.x, dataset.train.y.astype(np.int64), 0.2, 42)


def compiled(recipe):
    model = build(recipe, (28, 28), 10)
    compile_model(model, recipe, 20)
    return model


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"name": "sgd", "momentum": 0.9, "nesterov": True},
            {"momentum": 0.9, "nesterov": True, "learning_rate": 0.01},
        ),
        ({"name": "adagrad", "learning_rate": 0.5}, {"learning_rate": 0.5}),
        ({"name": "rmsprop"}, {"rho": 0.9, "learning_rate": 0.001}),
        ({"name": "adam", "learning_rate": 0.0005}, {"learning_rate": 0.0005, "beta_2": 0.999}),
    ],
    ids=["sgd", "adagrad", "rmsprop", "adam"],
)
def test_every_optimizer_is_built_with_its_settings(settings, expected):
    optimizer = compiled(small_recipe(optimizer=settings)).optimizer
    config = optimizer.get_config()
    assert type(optimizer).__name__.lower() == settings["name"]
    assert {name: pytest.approx(config[name]) for name in expected} == expected


def test_pixels_are_scaled_inside_the_model(dataset):
    model = build(small_recipe(), (28, 28), 10)
    images = dataset.test.x[:5]
    hidden, output = (layer.get_weights() for layer in model.layers if layer.get_weights())
    flat = images.reshape(5, 784) / 255
    logits = np.maximum(flat @ hidden[0] + hidden[1], 0) @ output[0] + output[1]
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(model.predict(images, verbose=0), expected, atol=1e-5)


def test_an_output_that_does_not_fit_the_classes_is_a_mistake_of_the_recipe():
    with pytest.raises(RecipeError, match=r"the last layer has 7 units; .* of fashion_mnist needs 10"):
        build(small_recipe(network={"layers": layers(units=7)}), (28, 28), 10)


def test_validation_data_are_those_that_scikit_learn_holds_out(dataset):
    found = hold_out(dataset.train.x, dataset.train.y, 0.2, 42)
    expected = train_test_split(dataset.train.x, dataset.train.y, test_size=0.2, random_state=42)
    for array, other in zip(
        (found.x_train, found.x_validation, found.y_train, found.y_validation), expected, strict=True
    ):
        assert np.array_equal(array, other)


def test_the_loss_falls_and_the_whole_test_set_is_evaluated(dataset, trained):
    losses, tested = trained.history["loss"], trained.tested
    assert losses[-1] < 0.7 * losses[0]
    assert tested.scores.accuracy > 0.6
    assert tested.scores.count == np.sum(tested.scores.confusion_matrix) == len(dataset.test.x)
    assert tested.scores.accuracy == pytest.approx((tested.predicted == dataset.test.y).mean())
    assert (trained.epochs_run, trained.kept_epoch) == (4, 4)


def test_the_figures_of_the_test_data_are_those_of_keras(dataset, trained):
    found = trained.model.evaluate(dataset.test.x, dataset.test.y, verbose=0, return_dict=True)
    assert trained.figures["test_loss"] == pytest.approx(found["loss"], rel=1e-5)
    assert trained.figures["test_accuracy"] == pytest.approx(found["accuracy"])


def test_the_history_holds_rate_and_seconds_too(trained):
    assert set(trained.history) == {
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "learning_rate",
        "seconds",
    }
    assert all(len(values) == 4 for values in trained.history.values())
    assert trained.history["learning_rate"] == pytest.approx([0.001] * 4)


def test_a_rate_on_a_schedule_rises_through_the_warm_up_and_falls_to_nothing(dataset):
    schedule = {"name": "cosine_decay", "warmup_epochs": 1}
    recipe = small_recipe(
        fit={"epochs": 4}, optimizer={"name": "adamw", "learning_rate": 0.01, "schedule": schedule}
    )
    rates = train_on(dataset, recipe).history["learning_rate"]
    assert rates == pytest.approx([0.01, 0.0075, 0.0025, 0.0], abs=1e-6)


def test_logits_become_probabilities_for_the_report(dataset):
    loss = {"name": "sparse_categorical_crossentropy", "from_logits": True}
    recipe = small_recipe(network={"layers": layers(activation="linear")}, loss=loss)
    tested = train_on(dataset, recipe).tested
    assert np.allclose(tested.answers.sum(axis=1), 1, atol=1e-5)
    assert tested.scores.accuracy == pytest.approx((tested.predicted == dataset.test.y).mean())


def validation(trained, part):
    return trained.model.evaluate(part.x_validation, part.y_validation, verbose=0, return_dict=True)


# A rate this high makes the validation loss jump, so that the last epoch is not the best one.
JUMPY = {"name": "adam", "learning_rate": 0.03}


def test_the_best_epoch_is_what_is_kept_and_patience_ends_the_run(dataset, part, capsys):
    recipe = small_recipe(fit={"epochs": 30}, optimizer=JUMPY, checkpoint={}, early_stopping={"patience": 2})
    trained = train_on(dataset, recipe)
    assert trained.epochs_run < 30
    assert trained.kept_epoch == trained.epochs_run - 2
    told = f"Kept epoch {trained.kept_epoch} of {trained.epochs_run}; early stopping ended the training\n"
    assert told in capsys.readouterr().out
    assert validation(trained, part)["loss"] == pytest.approx(min(trained.history["val_loss"]), rel=1e-4)


@pytest.mark.parametrize("table", ["checkpoint", "early_stopping"])
def test_each_way_to_keep_the_best_epoch_does_so_alone(dataset, part, table):
    settings = {"monitor": "val_accuracy"} | ({"patience": 20} if table == "early_stopping" else {})
    trained = train_on(dataset, small_recipe(fit={"epochs": 6}, optimizer=JUMPY, **{table: settings}))
    best = max(trained.history["val_accuracy"])
    assert validation(trained, part)["accuracy"] == pytest.approx(best, abs=1e-6)
    assert trained.history["val_accuracy"][trained.kept_epoch - 1] == best


def test_another_seed_gives_another_result(dataset, trained):
    other = train_on(dataset, small_recipe(fit={"epochs": 1}, seed=7))
    assert other.history["loss"][0] != pytest.approx(trained.history["loss"][0], rel=1e-3)


def test_a_loss_that_is_no_number_ends_the_run_and_says_where(dataset):
    recipe = small_recipe(
        network={"layers": layers(activation="linear")},
        loss={"name": "sparse_categorical_crossentropy", "from_logits": True},
        optimizer={"name": "sgd", "learning_rate": 1e30},
    )
    with pytest.raises(
        NonFiniteLossError, match=r"loss became (nan|inf) in epoch 1.*optimizer\.learning_rate"
    ):
        train_on(dataset, recipe)


def test_the_validation_loss_must_be_a_number_too(part):
    # No hidden layer: TensorFlow's ReLU makes a zero of a NaN.
    recipe = small_recipe(network={"layers": [layers()[0], layers()[2]]})
    unusable = np.full(part.x_validation.shape, np.nan, np.float32)
    spoiled = dataclasses.replace(part, x_validation=unusable)
    with pytest.raises(NonFiniteLossError, match="val_loss became nan in epoch 1"):
        fit(compiled(recipe), recipe, spoiled)


def test_each_epoch_is_a_line_where_the_output_is_no_terminal(dataset, capsys):
    train_on(dataset, small_recipe(fit={"epochs": 2}))
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]
    assert [line.split()[1] for line in lines] == ["1/2", "2/2"]
    assert all("val_accuracy" in line for line in lines)


RESIDUAL = [
    {"type": "reshape", "target_shape": [28, 28, 1]},
    {"type": "conv2d", "filters": 4, "kernel_size": 3},
    {"type": "residual", "layers": [{"type": "conv2d", "filters": 4, "kernel_size": 3}]},
    {"type": "residual", "layers": [{"type": "conv2d", "filters": 8, "kernel_size": 3, "strides": 2}]},
    {"type": "global_average_pooling2d"},
    {"type": "dense", "units": 10, "activation": "softmax"},
]


def test_layers_have_names_that_no_other_model_changes():
    recipe = small_recipe(network={"layers": RESIDUAL, "spelling": "functional"})
    first, second = (build(recipe, (28, 28), 10) for _ in range(2))
    names = [layer.name for layer in first.layers]
    assert names == [layer.name for layer in second.layers]
    assert {"conv2d", "conv2d_1", "conv2d_2", "shortcut", "residual", "residual_1", "dense"} <= set(names)
    # 3x3 convolutions 1-4, 4-4 and 4-8, the shortcut 4-8, and the output: where shapes agree it is no layer.
    assert first.count_params() == 40 + 148 + 296 + 32 + 90


def test_a_residual_layer_adds_what_went_in():
    added = build(small_recipe(network={"layers": RESIDUAL, "spelling": "functional"}), (28, 28), 10)
    added.get_layer("conv2d_1").set_weights([np.zeros((3, 3, 4, 4)), np.zeros(4)])
    images = np.random.default_rng(0).integers(0, 256, (2, 28, 28)).astype(np.float32)
    before, after = (
        keras.Model(added.inputs, added.get_layer(name).output).predict(images, verbose=0)
        for name in ("conv2d", "residual")
    )
    np.testing.assert_array_equal(before, after)


def test_layers_that_do_not_fit_together_are_a_mistake_of_the_recipe():
    wrong = [{"type": "conv2d", "filters": 4, "kernel_size": 3}, layers()[-1]]
    with pytest.raises(
        RecipeError, match=r"network\.layers do not fit together: .*ndim=4.*begin with .*\[28, 28, 1\]"
    ):
        build(small_recipe(network={"layers": wrong}), (28, 28), 10)


def test_a_model_trained_in_mixed_precision_is_published_in_full(dataset):
    trained = train_on(dataset, small_recipe(fit={"epochs": 2, "precision": "mixed_bfloat16"}))
    assert {layer.dtype_policy.name for layer in trained.model.layers} == {"float32"}
    assert trained.tested.scores.accuracy > 0.5


def test_one_class_against_the_rest_and_a_number_are_learnt_too(dataset):
    one = [layers()[0], {"type": "dense", "units": 1}]
    logit = small_recipe(
        data={"dataset": "fashion_mnist", "target": {"type": "one_against_rest", "class_name": "Trouser"}},
        network={"layers": one},
        loss={"name": "binary_crossentropy", "from_logits": True},
        fit={"epochs": 3},
    )
    trained = train_on(dataset, logit)
    assert trained.class_names == ("not Trouser", "Trouser")
    assert trained.tested.scores.accuracy > 0.95
    # Keras's figure of the last epoch is of probabilities too, and not of logits taken for them.
    found = trained.model.evaluate(dataset.test.x, dataset.test.y[:, None] == 1, verbose=0, return_dict=True)
    assert found["accuracy"] == pytest.approx(trained.tested.scores.accuracy)
    ink = small_recipe(
        data={"dataset": "fashion_mnist", "target": {"type": "mean_ink"}},
        network={"layers": one},
        loss={"name": "mean_squared_error"},
        fit={"epochs": 3},
    )
    number = train_on(dataset, ink)
    assert number.class_names is None and set(number.history) >= {"mean_absolute_error", "val_loss"}
    assert number.history["loss"][-1] < 0.5 * number.history["loss"][0]
    error = np.abs(number.tested.answers[:, 0] - number.tested.labels).mean()
    assert number.tested.scores.mean_absolute_error == pytest.approx(error, rel=1e-5)


def test_a_class_that_the_data_do_not_have_is_named(dataset):
    recipe = small_recipe(
        data={"dataset": "fashion_mnist", "target": {"type": "one_against_rest", "class_name": "Hat"}},
        network={"layers": [layers()[0], {"type": "dense", "units": 1, "activation": "sigmoid"}]},
        loss={"name": "binary_crossentropy"},
    )
    with pytest.raises(RecipeError, match=r"data\.target\.class_name is 'Hat'; .*: T-shirt/top, Trouser,"):
        train_on(dataset, recipe)


def test_validation_data_that_leave_nothing_to_learn_are_refused(dataset):
    recipe = small_recipe(data={"dataset": "fashion_mnist", "validation": 0.9999})
    with pytest.raises(RecipeError, match="leaves none of 800 images to learn from"):
        train_on(dataset, recipe)


def test_data_of_one_class_are_refused(dataset):
    one = dataclasses.replace(dataset.train, class_names=("only",))
    with pytest.raises(RecipeError, match="one class, only: there is nothing to tell apart"):
        train_on(dataclasses.replace(dataset, train=one), small_recipe())


CONVOLUTION = {"type": "conv2d", "filters": 2, "kernel_size": 3}


@pytest.mark.parametrize(
    ("inner", "steps"),
    [
        ([], 20),
        ([{"type": "max_pooling2d"}], 20),
        ([CONVOLUTION], 1),
        ([{"type": "depthwise_conv2d", "kernel_size": 3}], 1),
        ([CONVOLUTION | {"type": "separable_conv2d"}], 1),
        ([{"type": "residual", "layers": [CONVOLUTION]}], 1),
    ],
    ids=["none", "pooling", "conv2d", "depthwise", "separable", "in a residual"],
)
def test_only_the_short_steps_of_networks_without_convolutions_run_many_at_a_time(inner, steps):
    reshape = {"type": "reshape", "target_shape": [28, 28, 1]}
    network = {"spelling": "functional", "layers": [reshape, *inner, *layers()]}
    assert compiled(small_recipe(network=network)).steps_per_execution == steps  # 20 are an epoch


def test_no_batch_is_lost_where_the_steps_are_no_multiple_of_those_run_at_a_time(dataset, part):
    recipe = small_recipe(fit={"epochs": 1, "batch_size": 17})  # 640 rows: 37 whole batches and one of 11
    model = compiled(recipe)
    fit(model, recipe, part)
    assert int(model.optimizer.iterations) == 38
