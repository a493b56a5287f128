# syntax=docker/dockerfile:1
# The bridge and the few libraries it needs. `make image`, or: docker build --tag fanfare .

FROM swift:6.3-bookworm AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /src
COPY scripts/install scripts/install
RUN scripts/install build
# The dependencies change less often than the sources.
COPY Package.swift ./
RUN swift package resolve
COPY Sources Sources
# Package.swift names the test targets, so their folders must be there.
COPY Tests Tests
RUN swift build --configuration release --product fanfare --static-swift-stdlib \
    && install -D --strip .build/release/fanfare /out/usr/local/bin/fanfare

FROM debian:bookworm-slim
# docker build --build-arg VERSION=1.2.3 --build-arg REVISION=$(git rev-parse HEAD)
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Fanfare" \
      org.opencontainers.image.description="Delivers the events of Kafka topics to the webhooks that subscribed to them" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"
# Whatever is current in this Debian release is wanted: these four are what security updates are for.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libcurl4 librdkafka1 libsqlite3-0 libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    # What the image is made of, for those who have to know whether a weakness concerns it.
    && mkdir -p /usr/local/share/fanfare \
    && dpkg-query --show >/usr/local/share/fanfare/packages.txt \
    && useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin fanfare
COPY --from=build /out/ /
# What `fanfare demo` shows.
COPY topics /usr/local/share/fanfare/topics
WORKDIR /etc/fanfare
USER 10001:10001
EXPOSE 8080
# No HEALTHCHECK: an orchestrator asks /livez and /readyz from outside, and what it should do about the answers differs.
ENTRYPOINT ["/usr/local/bin/fanfare"]
CMD ["serve"]
