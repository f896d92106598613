# syntax=docker/dockerfile:1
# Three images: `slim` serves prepared versions and has no TensorFlow, `full` also trains and prepares,
# `gpu` is `full` with the CUDA libraries.

FROM python:3.12-slim AS base
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

FROM base AS build
WORKDIR /src
RUN python -m venv --without-pip /opt/modiste
ENV VIRTUAL_ENV=/opt/modiste
COPY requirements/serve.txt requirements/
RUN pip --python /opt/modiste/bin/python install --require-hashes -r requirements/serve.txt

FROM build AS build-slim
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY modiste modiste
COPY service service
COPY training training
RUN pip --python /opt/modiste/bin/python install --no-deps --no-build-isolation .

FROM build AS build-full
COPY requirements/train.txt requirements/
RUN pip --python /opt/modiste/bin/python install --require-hashes -r requirements/train.txt
COPY --from=build-slim /src /src
RUN pip --python /opt/modiste/bin/python install --no-deps --no-build-isolation .

FROM build-full AS build-gpu
COPY requirements/gpu.txt requirements/
RUN pip --python /opt/modiste/bin/python install --require-hashes -r requirements/gpu.txt

FROM base AS runtime
RUN useradd --system --uid 10001 --create-home --home-dir /home/modiste modiste \
    && install -d -o modiste -g modiste /var/lib/modiste /artifacts
ENV PATH=/opt/modiste/bin:$PATH \
    MODISTE_HTTP_HOST=0.0.0.0 MODISTE_ARTIFACTS_DIR=/artifacts MODISTE_STATE_DIR=/var/lib/modiste
WORKDIR /home/modiste
USER modiste
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=2)"]
CMD ["modiste", "serve"]

FROM runtime AS slim
COPY --from=build-slim /opt/modiste /opt/modiste

FROM runtime AS runtime-data
USER root
# Debian's copy of Fashion-MNIST, so that training and `/evaluate` need no download.
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends dataset-fashion-mnist >/dev/null \
    && rm -rf /var/lib/apt/lists/*
USER modiste

FROM runtime-data AS gpu
COPY --from=build-gpu /opt/modiste /opt/modiste

FROM runtime-data AS full
COPY --from=build-full /opt/modiste /opt/modiste
