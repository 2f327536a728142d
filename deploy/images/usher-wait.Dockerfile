# The init container's image: usher-wait; nap and usher-probe, to be copied into the pods that need them. Nothing else is
# in it.
# Its context is the release build:
#
#   npm run build:native
#   docker build --file deploy/images/usher-wait.Dockerfile --tag usher-wait dist/native
FROM scratch

# amd64, arm64, ...: the architecture of the image, which the builder tells.
ARG TARGETARCH
# Some architectures have neither: there the patterns match nothing.
COPY ${TARGETARCH}/usher-wait ${TARGETARCH}/na[p] ${TARGETARCH}/usher-prob[e] /

# As a number, or the kubelet could not tell that it is not root. The webhook sets the pod's own user where it has one.
USER 65532:65532

ENTRYPOINT ["/usher-wait"]
