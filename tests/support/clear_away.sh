# To be sourced: clear_away FOLDER removes a temporary folder in which processes that were just told to end may still be writing, as an
# editor's server writes its estimates when its input closes. `rm` alone fails there now and then, and that would be a test's failure.
clear_away() {
  local end=$((SECONDS + 10))
  until rm -rf "$1" 2>/dev/null; do
    [ $SECONDS -lt $end ] || { echo "$1 is still written to, and is left behind" >&2; return 0; }
    sleep 0.05
  done
}
