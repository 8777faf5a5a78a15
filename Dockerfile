# SPDX-License-Identifier: BSD-3-Clause
# The example (default) and the notebooks in a container.
#
#   docker build -t pycextension .
#   docker build -t pycextension-notebook --target notebook .
#
# Any Debian with python3 (3.11 or newer) and venv serves as BASE_IMAGE.
ARG BASE_IMAGE=python:3.13-slim-bookworm

# Python's own environment and the one system library that libfeature.so needs.
FROM ${BASE_IMAGE} AS base
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /src

# The compiler stays in this stage.
FROM base AS builder
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
RUN pip install cmake ninja
COPY lib lib
RUN cmake -S lib/cpp -B lib/cpp/build -G Ninja -DCMAKE_BUILD_TYPE=Release \
    && cmake --build lib/cpp/build

FROM base AS example
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY . .
COPY --from=builder /src/lib/cpp/out lib/cpp/out
# Compiled once here: the container's root is read-only.
RUN python -m compileall -q lib && mkdir out && chmod a+rwx out
ENV ROOT=/src/ \
    HOME=/tmp \
    PYTHONUNBUFFERED=1
USER 65532:65532
CMD ["python", "example/pycextension.py"]

FROM example AS notebook
USER 0
RUN pip install jupyterlab matplotlib
USER 65532:65532
ENV MPLCONFIGDIR=/tmp/matplotlib
EXPOSE 8888
# The notebooks are copied to where they can be changed and kept.
CMD ["sh", "-c", "mkdir -p out/notebooks && cp -n example/*.ipynb out/notebooks && \
    exec jupyter lab --ip=0.0.0.0 --no-browser --notebook-dir=out/notebooks"]

# Without --target, the example.
FROM example
