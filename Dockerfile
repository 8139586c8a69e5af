# Mock P1 in a container: built from the wheel, run by a user of its own.
#
#   docker build -t mock-p1 .
#   docker run --rm -p 8191:8191 mock-p1
#   docker run --rm -p 8191:8191 -v "$PWD/scenarios:/scenarios:ro" mock-p1 serve my-scenario.yaml
#
# /scenarios is where scenario files of your own are mounted; bundled names work as everywhere. Every option is also a
# variable: MOCK_P1_PORT, MOCK_P1_SCENARIO, MOCK_P1_SPEED, … Any user may run it, and the root may be read-only;
# `--tls` keeps its authority in /tls, and `--save` may write in /state: both are best volumes. What pip installs is known by its hash: .ci/image/.
# The base image goes by its name here, and by its digest in compose.yaml; so it does with
#   docker build -t mock-p1 --build-context python:3.13-slim=docker-image://python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b .

FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY .ci/image .ci/image
COPY mock_p1 mock_p1
COPY scenarios scenarios
COPY contract_tests contract_tests
RUN python3 -m venv /tools \
    && /tools/bin/pip install --no-cache-dir --require-hashes -r .ci/image/build.txt \
    && /tools/bin/pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir /wheel . \
    && cp .ci/image/run.txt /wheel

FROM python:3.13-slim
COPY --from=build /wheel /wheel
RUN python3 -m venv /opt/mock-p1 \
    && /opt/mock-p1/bin/pip install --no-cache-dir --require-hashes -r /wheel/run.txt \
    && /opt/mock-p1/bin/pip install --no-cache-dir --no-deps /wheel/*.whl \
    && /opt/mock-p1/bin/pip check \
    && rm -r /wheel \
    && groupadd --gid 10001 mock-p1 \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin mock-p1 \
    && install --directory --mode 1777 /tls /state
ENV PATH="/opt/mock-p1/bin:$PATH" PYTHONUNBUFFERED=1 MOCK_P1_HOST=0.0.0.0 MOCK_P1_PORT=8191 MOCK_P1_TLS_DIR=/tls
# by numbers, so that Kubernetes can see that it is not root
USER 10001:10001
WORKDIR /scenarios
EXPOSE 8191
# asked every second while it starts: by compose.yaml, since here older builders (Docker 24, Podman) refuse --start-interval
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["mock-p1", "healthcheck"]
ENTRYPOINT ["mock-p1"]
CMD ["serve"]
