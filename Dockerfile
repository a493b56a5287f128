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

FROM debian:bookworm-slim AS root
COPY scripts/image-root /usr/local/bin/
# Whatever is current in this Debian release: these libraries are what security updates are for.
RUN apt-get update && image-root /out

# Nothing but the program, the libraries that it needs and the authorities that it trusts: no shell, no package manager.
FROM scratch
# docker build --build-arg VERSION=1.2.3 --build-arg REVISION=$(git rev-parse HEAD)
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Fanfare" \
      org.opencontainers.image.description="Delivers the events of Kafka topics to the webhooks that subscribed to them" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=root /out/ /
COPY --from=build /out/ /
# What the image is made of, for scanners: Debian's packages are in /var/lib/dpkg/status.d, Swift's are these.
COPY --from=build /src/Package.resolved /usr/local/share/fanfare/
# What `fanfare demo` shows.
COPY topics /usr/local/share/fanfare/topics
WORKDIR /etc/fanfare
USER 10001:10001
EXPOSE 8080
# What acts on this restarts the container, so it asks what a restart helps against; Kafka being away is not among it. Kubernetes does not
# look here: the chart has its probes.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 CMD ["/usr/local/bin/fanfare", "ready", "--live"]
ENTRYPOINT ["/usr/local/bin/fanfare"]
CMD ["serve"]
