#!/usr/bin/env bash
# Usage: with_secret_service.sh --unlocked|--locked|--none|--mute CMD [ARG...]
#
# Runs CMD with a private D-Bus session and a throw-away keyring: a real gnome-keyring where there is one.
#   --unlocked  a working, empty Secret Service        --locked  a keyring that is locked, and nobody who could answer its prompt
#   --none      a bus on which there is none           --mute    a bus that takes the connection and never answers
# Needs dbus-run-session, dbus-send and gnome-keyring-daemon; --mute needs only python3.
set -euo pipefail

[ $# -ge 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 64; }
mode=$1
shift
folder=$(mktemp -d)
. "$(dirname "$0")/clear_away.sh"
trap 'clear_away "$folder"' EXIT
mkdir -m 700 "$folder/run" "$folder/data" "$folder/cache"
# HOME is left alone, where cargo finds what it needs.
export XDG_RUNTIME_DIR="$folder/run" XDG_DATA_HOME="$folder/data" XDG_CACHE_HOME="$folder/cache"
unset DBUS_SESSION_BUS_ADDRESS DISPLAY WAYLAND_DISPLAY

# Starts an unlocked daemon, waits until it has its name on the bus, runs "$@", ends it.
session='printf "test\n" | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 & daemon=$!
for _ in $(seq 50); do
  dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null |
    grep -q "boolean true" && [ -e "$XDG_DATA_HOME/keyrings/login.keyring" ] && break
  sleep 0.1
done
rc=0; "$@" || rc=$?
kill "$daemon" 2>/dev/null; wait "$daemon" 2>/dev/null
exit "$rc"'

rc=0
case $mode in
  --unlocked) dbus-run-session -- bash -c "$session" _ "$@" || rc=$? ;;
  --locked)
    dbus-run-session -- bash -c "$session" _ ${LOCK_AFTER:-true}
    export XDG_RUNTIME_DIR="$folder/run2"
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    dbus-run-session -- "$@" || rc=$? ;;
  --none)
    cat > "$folder/bus.conf" <<CONF
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=$folder/run</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
CONF
    dbus-run-session --config-file="$folder/bus.conf" -- "$@" || rc=$? ;;
  --mute)
    python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(16)
keep = []
while True: keep.append(s.accept())' "$folder/run/bus" & peer=$!
    for _ in $(seq 50); do [ -S "$folder/run/bus" ] && break; sleep 0.1; done
    DBUS_SESSION_BUS_ADDRESS="unix:path=$folder/run/bus" "$@" || rc=$?
    kill "$peer" ;;
  *) echo "with_secret_service: unknown mode $mode" >&2; rc=64 ;;
esac
exit "$rc"
