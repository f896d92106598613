"""What people write by hand: FastAPI, a pydantic model of lists, `model.predict`.

A coroutine that blocks, as most tutorials have it: with a plain function FastAPI would call `predict` from
forty threads at once, which took more time here for fewer answers.
"""

from pathlib import Path

import keras
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel, Field

MODEL = Path(__file__).parents[3] / "artifacts/fashion_mnist/1/model.keras"

app = FastAPI()
model = keras.models.load_model(MODEL)


class Images(BaseModel):
    """The body."""

    instances: list[list[list[int]]]


class Prediction(BaseModel):
    """The answer for one image."""

    class_: int = Field(serialization_alias="class")
    probabilities: list[float]


@app.post("/predict")
async def predict(images: Images) -> list[Prediction]:
    """Answer one request."""
    probabilities = model.predict(np.array(images.instances), verbose=0)
    return [Prediction(class_=int(row.argmax()), probabilities=row.tolist()) for row in probabilities]
