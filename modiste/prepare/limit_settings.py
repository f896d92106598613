"""The limits on model files as settings, which the server and the commands read alike."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from modiste.prepare.limits import PrepareLimits
from modiste.reading import ReadingLimits

_MIB = 1024 * 1024
_GIB = 1024 * _MIB


class ModelFileSettings(BaseSettings):
    """How much of a model file is believed, and how much preparing it may use."""

    model_config = SettingsConfigDict(env_prefix="MODISTE_", frozen=True, extra="ignore")

    max_model_bytes: int = Field(
        default=2 * _GIB, ge=1024, description="bytes of one model file, and of all its arrays together"
    )
    max_model_layers: int = Field(
        default=2000, ge=1, description="layers of one model, inner models' included"
    )
    max_model_parameters: int = Field(default=500_000_000, ge=1, description="parameters of one model")
    max_model_activations: int = Field(
        default=256 * _MIB, ge=1, description="values that one row makes in all layers of a model together"
    )
    prepare_timeout_s: int = Field(default=600, ge=1, description="limit on preparing one raw model file")
    prepare_memory_bytes: int = Field(
        default=16 * _GIB,
        ge=_GIB,
        description="address space of preparing, of which TensorFlow takes 3 GiB at once",
    )

    @property
    def prepare_limits(self) -> PrepareLimits:
        """What `modiste.prepare` needs."""
        reading = ReadingLimits(
            file_bytes=self.max_model_bytes,
            weights_bytes=self.max_model_bytes,
            layers=self.max_model_layers,
            parameters=self.max_model_parameters,
            activations_per_row=self.max_model_activations,
        )
        return PrepareLimits(
            reading=reading,
            memory_bytes=self.prepare_memory_bytes,
            # A converted graph takes about what the weights take, and is written more than once.
            file_bytes=2 * self.max_model_bytes,
            cpu_s=self.prepare_timeout_s,
            wall_s=self.prepare_timeout_s,
        )
