#!/usr/bin/env bash
# Usage: tests/keys.sh BINARY
#
# Keys in the system's own stores, for real: gnome-keyring over a private D-Bus (unlocked, locked, absent, mute) and the kernel's keyring.
# Each is set, used, listed and removed, or fails with a clear message within 5 s; then the canary test runs over them, and over them alone.
# Needs dbus, gnome-keyring, keyutils, python3 and cargo.
set -uo pipefail
cd "$(dirname "$0")/.."
[ $# -eq 1 ] || [ "${1:-}" = --inside ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 64; }

# The key is in no argument of anything: it comes from here.
canary() { printf 'sk-canary-%s-wxyz' 0123456789abcdef; }

# expect NAME LIMIT_S STATUS PATTERN COMMAND...     runs a command of the product and looks at its end, its words and its time
expect() {
  local name=$1 limit=$2 status=$3 pattern=$4 start out rc took
  shift 4
  start=$(date +%s%N)
  out=$(canary | timeout $((limit + 15)) "$@" 2>&1)
  rc=$?
  took=$(( ($(date +%s%N) - start) / 1000000 ))
  if [ "$rc" = "$status" ] && grep -qE -- "$pattern" <<< "$out" && [ "$took" -lt $((limit * 1000)) ] && ! grep -q canary-0123 <<< "$out"; then
    echo "ok    $mode: $name ($took ms)"
    echo pass >> "$results"
  else
    echo "FAIL  $mode: $name: status $rc (wanted $status), $took ms; wanted /$pattern/ in:"
    sed 's/^/      | /' <<< "$out"
    echo fail >> "$results"
  fi
}

inside() {
  local mode=$1 binary=$2
  export BYOK_KEYS="$XDG_DATA_HOME/byok-lsp"
  local key="$binary key"
  case $mode in
    unlocked | session)
      local store=system said="the Secret Service"
      [ "$mode" = session ] && store=session said="the kernel's session keyring"
      expect "set" 5 0 "stored openai/default in $said" $key set openai --stdin --no-check
      expect "set a second" 5 0 "stored openai/work in $said" $key set openai --label work --stdin --no-check
      expect "list" 5 0 "openai/default +…wxyz +$said, for api.openai.com" $key list
      expect "list the second" 5 0 "openai/work" $key list
      expect "used, and bound to its host" 5 1 "is kept for api.openai.com and does not go to 127.0.0.1:9" env BYOK_CONFIG="$configs/proxy.toml" $key test openai
      expect "allowed" 5 0 "api.openai.com, 127.0.0.1:9" $key allow-host openai 127.0.0.1:9
      expect "used" 5 1 "key from $said .label default., ends in wxyz: the provider cannot be reached" env BYOK_CONFIG="$configs/proxy.toml" $key test openai
      expect "doctor" 8 0 "new keys go to $said, since [a-z ]+; 2 keys in it" $binary doctor
      expect "remove" 5 0 "removed openai/default" $key remove openai
      expect "remove the second" 5 0 "removed openai/work" $key remove openai --label work
      expect "gone" 5 0 "no keys are stored" env -u OPENAI_API_KEY $key list
      expect "the canary" 600 0 "[1-9] passed; 0 failed" env BYOK_TEST_STORES=$store cargo test --locked --quiet --test canary ;;
    locked)
      expect "list" 5 0 "the Secret Service cannot be asked: it is locked" $key list
      expect "used" 5 1 "there is no key for openai.*the Secret Service: it is locked" env -u OPENAI_API_KEY $key test openai
      expect "a variable is not used in its place" 5 1 "may be in a store that cannot be asked .the Secret Service: it is locked.*OPENAI_API_KEY is not used" \
        env OPENAI_API_KEY=sk-environment-0123456789 $key test openai
      expect "set" 5 1 "the Secret Service: it is locked" env BYOK_CONFIG="$configs/system.toml" $key set openai --stdin --no-check ;;
    none)
      expect "set" 5 1 "the Secret Service: it cannot be reached" env BYOK_CONFIG="$configs/system.toml" $key set openai --stdin --no-check
      expect "list" 5 0 "the Secret Service cannot be asked: it cannot be reached" $key list
      expect "doctor" 8 0 "the Secret Service cannot be asked" $binary doctor ;;
    mute)
      expect "set" 5 1 "the Secret Service: it did not answer within 3 s" env BYOK_CONFIG="$configs/system.toml" $key set openai --stdin --no-check
      expect "list" 5 0 "the Secret Service cannot be asked: it did not answer within 3 s" $key list
      expect "used" 5 1 "there is no key for openai.*did not answer" env -u OPENAI_API_KEY $key test openai
      expect "an environment variable works all the same" 5 1 "key from the environment variable OPENAI_API_KEY.*cannot be reached" \
        env BYOK_CONFIG="$configs/named.toml" OPENAI_API_KEY=sk-environment-0123456789 $key test openai
      expect "the encrypted file works all the same" 5 0 "stored openai/default in the encrypted file" \
        env BYOK_CONFIG="$configs/file.toml" BYOK_TEST_PASSPHRASE=correct-horse $key set openai --stdin --no-check ;;
  esac
}

if [ "$1" = --inside ]; then
  shift
  # A key that is there while the keyring is locked: it is put in first.
  if [ "$1" = fill ]; then
    canary | "$2" key set openai --stdin --no-check > /dev/null
    exit
  fi
  mode=$1
  inside "$@"
  exit 0
fi

binary=$(realpath "$1")
folder=$(mktemp -d)
. tests/support/clear_away.sh
trap 'clear_away "$folder"' EXIT
export results="$folder/results" configs="$folder" BYOK_CONFIG="$folder/none.toml" BYOK_LEDGER="$folder/ledger.sqlite3"
: > "$results"
unset OPENAI_API_KEY
proxy='base_url = "http://127.0.0.1:9/v1"'
printf '[providers.openai]\n%s\nkey = "keyring"\n' "$proxy" > "$folder/proxy.toml"
printf '[providers.openai]\n%s\nkey = { env = "OPENAI_API_KEY" }\n' "$proxy" > "$folder/named.toml"
printf '[keys]\nstore = "system"\n' > "$folder/system.toml"
printf '[keys]\nstore = "file"\npassphrase = { env = "BYOK_TEST_PASSPHRASE" }\n' > "$folder/file.toml"
bus=tests/support/with_secret_service.sh
$bus --unlocked tests/keys.sh --inside unlocked "$binary"
LOCK_AFTER="tests/keys.sh --inside fill $binary" $bus --locked tests/keys.sh --inside locked "$binary"
$bus --none tests/keys.sh --inside none "$binary"
$bus --mute tests/keys.sh --inside mute "$binary"
# A session of its own, as a login has; no bus in it.
export XDG_DATA_HOME="$folder/session" DBUS_SESSION_BUS_ADDRESS="unix:path=$folder/no-bus"
keyctl session - tests/keys.sh --inside session "$binary" 2>/dev/null

passed=$(grep -c pass "$results") failed=$(grep -c fail "$results")
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" = 36 ]
