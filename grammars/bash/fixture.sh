#!/usr/bin/env bash
# Keeps tasks in a file.
set -euo pipefail

source ./lib/store.sh
. "${HOME}/.tasks"

LIMIT=64
readonly FILE="${TASKS:-tasks (}"

late() {
  local due="$1"
  [[ "$due" -gt "$LIMIT" ]]
}

function list {
  while read -r due title; do
    if late "$due"; then
      echo "late: $title"
    else
      echo "$(basename "$title")"
    fi
  done < "$FILE"
}

usage() {
  cat <<EOT
usage: tasks list
EOT
}

case "${1:-}" in
  list)
    list
    ;;
  *)
    usage
    ;;
esac
for file in *.txt; do
  (cd "$(dirname "$file")" && rm -f 'x')
done
