"""What a configuration may name. Everything that is not here is refused, whatever Keras would do.

Left out on purpose, though Keras ships them: ``Lambda`` and the wrappers of other frameworks (they
carry code), the lookup and text layers (they read vocabularies from paths and take strings),
quantised dtype policies. A test in ``tests/keras`` holds these names against Keras itself.
"""

from itertools import product

_DIMENSIONS = ("1D", "2D", "3D")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _each(*stems: str) -> frozenset[str]:
    return frozenset(stem + suffix for stem, suffix in product(stems, _DIMENSIONS))


IDENTITY_AT_INFERENCE = _words(
    """
    AugMix CutMix MixUp RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter
    RandomContrast RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale
    RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
    RandomSharpness RandomShear RandomTranslation RandomZoom
    """
)
"""Augmentation: these change what they are given in training alone. RandomCrop is none of them, it
cuts out the middle otherwise."""

_PLAIN_LAYERS = _words(
    """
    Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention AutoContrast Average
    BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate Dense DepthwiseConv1D
    DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense Embedding Equalization Flatten GRU
    GRUCell GaussianDropout GaussianNoise GroupNormalization GroupQueryAttention Identity InputLayer
    LSTM LSTMCell LayerNormalization LeakyReLU Masking Maximum Minimum MultiHeadAttention Multiply
    Normalization PReLU Permute RMSNormalization RNN RandomCrop ReLU RepeatVector Rescaling Reshape
    Resizing ReversibleEmbedding SeparableConv1D SeparableConv2D SimpleRNN SimpleRNNCell Softmax
    Solarization SpectralNormalization StackedRNNCells Subtract TimeDistributed UnitNormalization
    """
)

LAYERS = (
    _PLAIN_LAYERS
    | IDENTITY_AT_INFERENCE
    | _each("AveragePooling", "MaxPooling", "GlobalAveragePooling", "GlobalMaxPooling")
    | _each("AdaptiveAveragePooling", "AdaptiveMaxPooling")
    | _each("Conv", "ConvLSTM", "Cropping", "SpatialDropout", "UpSampling", "ZeroPadding")
    | frozenset(f"Conv{dimension}Transpose" for dimension in _DIMENSIONS)
)

MODELS = frozenset({"Sequential", "Functional", "Model"})

INITIALIZERS = _words(
    """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer LecunNormal
    LecunUniform Ones Orthogonal OrthogonalInitializer RandomNormal RandomUniform TruncatedNormal
    VarianceScaling Zeros
    """
)
REGULARIZERS = frozenset({"L1", "L1L2", "L2", "OrthogonalRegularizer"})
CONSTRAINTS = frozenset({"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"})
POLICIES = frozenset({"DTypePolicy", "FloatDTypePolicy", "Policy"})

# What Keras writes for `x + y` or `keras.ops.mean(x)` between the layers of a functional model.
_NUMPY_OPERATIONS = _words(
    """
    Abs Absolute Add Clip Concatenate Divide Exp ExpandDims Expm1 GetItem Log Log1p Matmul Max Maximum
    Mean Min Minimum Multiply Negative Power Reciprocal Reshape Sign Sqrt Square Squeeze Stack Std
    Subtract Sum Tanh Transpose TrueDivide Var
    """
)
_NN_OPERATIONS = _words(
    """
    Celu Elu Gelu HardSigmoid HardSilu HardTanh LeakyRelu LogSigmoid LogSoftmax Relu Relu6 Selu Sigmoid
    Silu Softmax Softplus Softsign
    """
)
# The plain structures of a functional model's call arguments; Keras makes them itself.
STRUCTURES = frozenset({"__keras_tensor__", "__numpy__", "__tensor__", "__slice__", "__ellipsis__"})

BY_MODULE: dict[str, frozenset[str]] = {
    "keras": MODELS | POLICIES,
    "keras.models": MODELS,
    "keras.src.models.functional": frozenset({"Functional"}),
    "keras.src.models.sequential": frozenset({"Sequential"}),
    "keras.layers": LAYERS,
    "keras.initializers": INITIALIZERS,
    "keras.regularizers": REGULARIZERS,
    "keras.constraints": CONSTRAINTS,
    "keras.dtype_policies": POLICIES,
    "keras.src.ops.numpy": _NUMPY_OPERATIONS,
    "keras.src.ops.nn": _NN_OPERATIONS,
}
"""Class names by the module that a ``.keras`` file states for them."""

WITHOUT_MODULE = MODELS | LAYERS | INITIALIZERS | REGULARIZERS | CONSTRAINTS | POLICIES | STRUCTURES
"""Class names that may stand without a module, as the ``.h5`` layout has them."""

ACTIVATIONS = _words(
    """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu
    linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus
    softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold
    """
)

_INITIALIZER_NAMES = INITIALIZERS | _words(
    """
    constant glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal lecun_uniform
    normal one ones orthogonal random_normal random_uniform truncated_normal uniform variance_scaling
    zero zeros
    """
)
_REGULARIZER_NAMES = REGULARIZERS | {"l1", "l1l2", "l1_l2", "l2", "orthogonal_regularizer"}
_CONSTRAINT_NAMES = CONSTRAINTS | {"max_norm", "min_max_norm", "non_neg", "unit_norm"}

FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})
_INTEGERS = frozenset(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
DTYPES = FLOATS | _INTEGERS | {"bool"}
POLICY_NAMES = FLOATS | {"mixed_float16", "mixed_bfloat16"}


def names_for(key: str) -> frozenset[str] | None:
    """Return the words that may stand under `key` in a layer's settings; None where any text may."""
    if key.endswith("activation"):
        return ACTIVATIONS
    if key.endswith("initializer"):
        return _INITIALIZER_NAMES
    if key.endswith("regularizer"):
        return _REGULARIZER_NAMES
    if key.endswith("constraint"):
        return _CONSTRAINT_NAMES
    return None
