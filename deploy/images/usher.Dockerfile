# The image of the webhook, the lock and the command line. Its context is a folder of bundles:
#
#   node deploy/images/bundle.ts
#   docker build --file deploy/images/usher.Dockerfile --tag usher dist/bundle
ARG BASE=docker.io/library/node:26-slim
FROM ${BASE}

COPY . /usher/

# As a number, or the kubelet could not tell that it is not root.
USER 65532:65532

# Nothing is written: the root may be read-only. The arguments are a command and its flags.
ENTRYPOINT ["node", "/usher/usher.mjs"]
# What the base would start is no argument of ours.
CMD []
