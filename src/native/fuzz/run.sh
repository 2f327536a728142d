#!/bin/sh
# Fuzzes the parsers of usher-wait and usher-probe with libFuzzer, under AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   run.sh SECONDS         each fuzzer, beginning with its corpus; exit 1 if one finds something, which is then kept
#                          in dist/native/fuzz/
#   run.sh --keep SECONDS  then also renews corpus/: the fewest inputs that reach all that was reached
#
# corpus/NAME.txt has an input a line, as printf's %b reads it. CLANG is the compiler (clang), which needs libFuzzer:
# Debian's clang and libclang-rt-dev.
set -eu
cd "$(dirname "$0")"
export LC_ALL=C

keep=false
if [ "${1-}" = --keep ]; then
  keep=true
  shift
fi
seconds=${1:?how many seconds for each fuzzer}
out=../../../dist/native/fuzz

unpack() { # from the text to a folder of inputs
  mkdir -p "$2"
  number=0
  while IFS= read -r line; do
    number=$((number + 1))
    printf %b "$line" > "$2/$number"
  done < "$1"
}

pack() { # from a folder of inputs to text
  for input in "$1"/*; do
    od -An -v -tu1 "$input" | awk '
      {
        for (at = 1; at <= NF; at++) {
          if ($at == 10) line = line "\\n"
          else if ($at == 13) line = line "\\r"
          else if ($at == 92) line = line "\\\\"
          else if ($at < 32 || $at > 126) line = line sprintf("\\0%03o", $at)
          else line = line sprintf("%c", $at)
        }
      }
      END { if (line != "") print line }'
  done | awk '{ print length, $0 }' | sort -n -k 1,1 -k 2 | sed 's/^[0-9]* //; s/ $/\\0040/'
}

make --silent -C .. OUT=../../dist/native "CLANG=${CLANG:-clang}" fuzzers
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
code=0
for name in response detail flags status-line; do
  unpack "corpus/$name.txt" "$work/$name"
  echo "$name: $(ls "$work/$name" | wc -l) inputs, $seconds s"
  "$out/$name" -max_total_time="$seconds" -max_len=512 -timeout=5 -print_final_stats=1 -artifact_prefix="$out/$name-" \
    "$work/$name" > "$work/log" 2>&1 || code=1
  if [ "$code" = 0 ]; then
    grep -E 'number_of_executed_units|DONE' "$work/log"
  else
    tail -40 "$work/log"
    break
  fi
  if "$keep"; then
    mkdir "$work/$name-merged"
    # By edges alone: by how often each is taken there would be some hundred more.
    "$out/$name" -merge=1 -use_counters=0 -max_len=512 "$work/$name-merged" "$work/$name" > "$work/log" 2>&1
    pack "$work/$name-merged" > "$work/$name.txt"
    mv "$work/$name.txt" "corpus/$name.txt"
  fi
done
exit "$code"
