# A small image: one static binary and nothing else, run by a user without
# rights. BuildKit builds it, which is what `docker build` uses.
#
#   docker build -t openmates .
#
# needs the image of Go and the Go module proxy.
#
#   CGO_ENABLED=0 go build -trimpath -tags nodemo -ldflags "-s -w" -o openmates ./cmd/openmates
#   docker build -t openmates --target prebuilt .
#
# needs no other image and no network: it takes the binary that lies here.
# Time zones and certificate authorities are inside of the binary.

ARG GO_IMAGE=golang:1.26

FROM scratch AS folder
WORKDIR /data

FROM scratch AS base
USER 65532:65532
# The data folder is private; a new volume begins as its copy. The program
# closes a folder that is open to others when it starts, too.
COPY --from=folder --chmod=0700 --chown=65532:65532 / /
WORKDIR /data
VOLUME /data
ENV OPENMATES_ADDR=0.0.0.0:8080 OPENMATES_DATA=/data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["/openmates", "health"]
ENTRYPOINT ["/openmates"]
CMD ["serve"]

FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION=
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/cache \
    GOCACHE=/cache CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags nodemo -ldflags "-s -w -X main.version=${VERSION}" -o /openmates ./cmd/openmates

FROM base AS prebuilt
ARG BINARY=openmates
COPY --chmod=0755 ${BINARY} /openmates

FROM base
COPY --from=build /openmates /openmates
