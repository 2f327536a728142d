#!/bin/sh
# The release build, `npm run build:native`: all programs for every architecture, with the toolchain of zig.txt.
#
#   release.sh               builds everything into dist/native/
#   release.sh GOAL OUT=DIR  builds a goal of the Makefile, or elsewhere
#   release.sh --zig         says where the toolchain is, or is going to be, and does nothing
set -eu
cd "$(dirname "$0")"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/usher
folder=$cache/zig-$(sed -n 's/^ziglang==\([0-9.]*\).*/\1/p' zig.txt)
zig=$folder/ziglang/zig

if [ "${1-}" = --zig ]; then
  echo "$zig"
  exit
fi

if [ ! -x "$zig" ]; then
  # Renamed when it is whole: another build may be looking for it.
  unfinished=$folder.$$
  trap 'rm -rf "$unfinished"' EXIT
  export PIP_ROOT_USER_ACTION=ignore # it warns of root, but it installs into a folder
  python3 -m pip install --quiet --no-deps --only-binary :all: --require-hashes --target "$unfinished" -r zig.txt
  mv -T "$unfinished" "$folder" || [ -x "$zig" ]
fi

# What zig builds of its own, such as musl, and what it builds of ours; else it leaves a cache where it is started.
export ZIG_GLOBAL_CACHE_DIR="$cache/zig-cache" ZIG_LOCAL_CACHE_DIR="${ZIG_LOCAL_CACHE_DIR-$cache/zig-cache}"
[ $# -gt 0 ] || set -- release
make --silent "ZIG=$zig" "$@"
