#!/usr/bin/env bash
# Usage: release/test_scripts.sh      tries the scripts of a release with a stand-in for the program: nothing is built, only loopback is asked; the last line counts
#
# It needs cargo, python3 and openssl; curl, wget and node are tried where they are.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
server=''
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
targets=$(sed -n 's/.*{ target: \([^,]*\),.*/\1/p' .github/workflows/release.yml | sort)
installer=$PWD/release/install.sh

passed=0 failed=0
check() { # TITLE COMMAND...
  local title=$1 status=0
  shift
  # Not in a condition, in which nothing that fails would end the command.
  set +e
  (set -e; "$@") > "$work/log" 2>&1
  status=$?
  set -e
  if [ "$status" = 0 ]; then passed=$((passed + 1)); echo "ok    $title"
  else failed=$((failed + 1)); echo "FAIL  $title"; sed 's/^/      /' "$work/log"; fi
}
# For what must fail, since set -e does not hear a `!`.
fails() { if "$@"; then return 1; fi; }

cat > "$work/program" <<'END'
#!/bin/sh
case $1 in
  --version) echo "byok-lsp 0.0.0" ;;
  man) mkdir -p "$2" && echo '.TH' > "$2/byok-lsp.1" ;;
  completions) echo "# for $2" ;;
esac
END
chmod +x "$work/program"
# This machine's, and one that links other crates.
for target in "$(uname -m)"-unknown-linux-{gnu,musl}; do
  release/build.sh --binary "$work/program" --out "$work/built/$target" "$target" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
done
mkdir "$work/merged"
for folder in "$work"/built/*; do cp "$folder"/* "$work/merged/"; done

no_file_of_one_target_overwrites_anothers() {
  [ "$(find "$work/built" -type f | wc -l)" = "$(find "$work/merged" -type f | wc -l)" ]
}
check "jobs for two targets make no file of the same name" no_file_of_one_target_overwrites_anothers

the_readme_counts_as_the_sbom() {
  local target number row pattern said
  for target in "$(uname -m)"-unknown-linux-{gnu,musl}; do
    number=$(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["components"]))' "$work/built/$target/byok-lsp-$version-$target.cdx.json")
    said=''
    while IFS= read -r row; do
      for pattern in $(cut -d '|' -f 2 <<< "$row" | grep -o '`[^`]*`' | tr -d '`'); do
        # shellcheck disable=SC2053  # The README's names are patterns.
        if [[ $target == $pattern ]]; then said=$(sed 's/.*| \([0-9]*\) crates |$/\1/' <<< "$row"); fi
      done
    done < <(grep ' crates |$' release/README.md)
    echo "$target: $number crates are linked, and release/README.md says: $said"
    [ "$number" = "$said" ]
  done
}
check "the README says how many crates are linked" the_readme_counts_as_the_sbom

licences_are_checked_for_each_target() {
  diff <(echo "$targets") <(sed -n '/^targets = \[/,/^]/s/^ *"\(.*\)",$/\1/p' deny.toml | sort)
}
check "licences are checked for each target of the workflow" licences_are_checked_for_each_target

only_the_versions_own_tag_passes() {
  release/tag.sh "v$version"
  for tag in "$version" v9.9.9 "v$version-rc.1" ''; do fails release/tag.sh "$tag"; done
}
check "a tag that is not Cargo.toml's version is refused" only_the_versions_own_tag_passes

a_layout_of_another_build_is_refused() {
  local copy=$work/laid-out with
  mkdir "$copy"
  tar --exclude=./target --exclude=./.git --exclude=node_modules -cf - . | tar -xf - -C "$copy"
  # Where the sources lie is no matter.
  with=$(PYTHONPATH=release python3 -B -c 'import layout; print(layout.recorded_with())')
  cd "$copy"
  echo "$with" > release/layout.txt
  release/layout.py fresh
  sed -i.before 's/^lto = "fat"/lto = "thin"/' Cargo.toml
  is_stale
  mv Cargo.toml.before Cargo.toml
  release/layout.py fresh
  # What one crate is built with and another is not makes other names too.
  sed -i.before 's/^tokio = { version = "\([^"]*\)", features = \["rt-multi-thread", /&"fs", /' Cargo.toml
  fails cmp Cargo.toml Cargo.toml.before
  is_stale
  mv Cargo.toml.before Cargo.toml
  # What is asked is the compiler that is there, whatever the file says.
  RUSTUP_TOOLCHAIN=$(rustc -vV | sed -n 's/^release: //p')
  export RUSTUP_TOOLCHAIN
  sed -i.before 's/^channel = .*/channel = "1.0.0"/' rust-toolchain.toml
  is_stale
}
is_stale() {
  fails release/layout.py fresh 2> "$work/said"
  grep 'was recorded with other crates' "$work/said"
}
check "a layout that was recorded with another build is refused" a_layout_of_another_build_is_refused

# install FOLDER [OPTION...]
install() { sh "$installer" --version "$version" --from "$work/merged" --to "$@"; }
into_a_folder_with_signs_of_sed() {
  local to="$work/a|b & c\\d" line
  install "$to" > "$work/said"
  "$to/bin/byok-lsp" --version
  sed -n 's/^  //p' "$work/said" > "$work/named"
  [ "$(wc -l < "$work/named")" = "$(find "$to" -type f | wc -l)" ]
  while IFS= read -r line; do [ -f "$line" ]; done < "$work/named"
}
check "a folder may be called as it likes, and each file that is named is there" into_a_folder_with_signs_of_sed

without_a_home() {
  env -u HOME sh "$installer" --version "$version" --from "$work/merged" --to "$work/homeless"
  fails env -u HOME sh "$installer" --version "$version" --from "$work/merged"
}
check "whoever says where needs no home" without_a_home

a_full_disk_leaves_what_was_there() {
  local to=$work/full
  install "$to"
  cp -R "$to" "$work/before"
  mkdir "$work/full-disk"
  # The disk takes what is downloaded and the small files, and then the program no more.
  printf '#!/bin/sh\ncase "$*" in */bin/byok-lsp* | */.\\ *) echo "no space left" >&2; exit 1 ;; esac\nexec "%s" "$@"\n' "$(command -v cp)" > "$work/full-disk/cp"
  chmod +x "$work/full-disk/cp"
  PATH="$work/full-disk:$PATH" fails install "$to"
  diff -r "$to" "$work/before"
}
check "a full disk leaves what was installed before, and nothing else" a_full_disk_leaves_what_was_there

# An https server that has the archives, sends /on/FILE on to itself and /down/FILE to http, where it notes who asks.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
  -keyout "$work/key.pem" -out "$work/certificate.pem" 2> /dev/null
cat > "$work/server.py" <<'END'
import functools, http.server, os, ssl, sys, threading

work = sys.argv[1]


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.server is plain:
            open(f"{work}/was-plain", "w").close()
        _, way, *rest = self.path.split("/")
        if way in ("on", "down"):
            self.send_response(302)
            self.send_header("Location", {"on": "", "down": f"http://127.0.0.1:{plain.server_port}"}[way] + "/" + "/".join(rest))
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_):
        pass


plain, safe = (http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=f"{work}/merged")) for _ in range(2))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{work}/certificate.pem", f"{work}/key.pem")
safe.socket = context.wrap_socket(safe.socket, server_side=True)
threading.Thread(target=plain.serve_forever, daemon=True).start()
with open(f"{work}/ports.new", "w") as ports:
    print(plain.server_port, safe.server_port, file=ports)
os.rename(f"{work}/ports.new", f"{work}/ports")
safe.serve_forever()
END
python3 "$work/server.py" "$work" & server=$!
while [ ! -e "$work/ports" ]; do kill -0 "$server"; sleep 0.05; done
read -r plain safe < "$work/ports"

# download TOOL ADDRESS        with TOOL alone of those that download
download() {
  local tool tools=$work/with-$1
  if [ ! -d "$tools" ]; then
    mkdir "$tools"
    for tool in sh "$1" uname mktemp rm cat grep sed tr head cut sha256sum shasum gzip tar mkdir mv find cp; do
      ! command -v "$tool" > /dev/null || ln -s "$(command -v "$tool")" "$tools/$tool"
    done
    echo "ca_certificate = $work/certificate.pem" > "$work/wgetrc"
  fi
  env -i HOME="$work" PATH="$tools" WGETRC="$work/wgetrc" CURL_CA_BUNDLE="$work/certificate.pem" sh "$installer" --version "$version" --from "$2" --to "$work/by-$1"
}
over_https_alone() {
  local address
  rm -f "$work/was-plain"
  for address in "http://127.0.0.1:$plain" "https://127.0.0.1:$safe/down"; do
    fails download "$1" "$address"
    [ ! -e "$work/by-$1" ]
    [ ! -e "$work/was-plain" ]
  done
  fails download "$1" "https://127.0.0.1:$safe/nowhere"
  for address in "https://127.0.0.1:$safe" "https://127.0.0.1:$safe/on"; do
    download "$1" "$address"
    "$work/by-$1/bin/byok-lsp" --version
    rm -r "$work/by-$1"
  done
}
for tool in curl wget; do
  if command -v $tool > /dev/null; then check "$tool downloads over https, and over nothing else wherever it is sent" over_https_alone $tool
  else echo "      (no $tool here: not tried)"; fi
done

# An archive of each target, so that all recipes can be filled in.
mkdir "$work/all & more"
for target in $targets source; do
  name=byok-lsp-$version-$target.tar.gz
  echo "$target" > "$work/all & more/$name"
  echo "$(sha256sum < "$work/all & more/$name" | cut -d ' ' -f 1)  $name" > "$work/all & more/$name.sha256"
done

recipes_are_filled_in() {
  local recipes="$work/all & more/recipes" recipe
  release/recipes.sh "$version" "https://127.0.0.1/a&b" "$work/all & more"
  for recipe in release/recipes/*; do [ -s "$recipes/$(basename "$recipe")" ]; done
  fails grep -rnE '@[A-Z]|fakeHash|0000000000' "$recipes" --exclude=Cargo.lock
  grep -r 'https://127.0.0.1/a&b/byok-lsp' "$recipes/byok-lsp.rb"
  grep "$(sha256sum < "$work/all & more/byok-lsp-$version-source.tar.gz" | cut -d ' ' -f 1)" "$recipes/default.nix"
  cmp Cargo.lock "$recipes/Cargo.lock"
  python3 -c 'import json, sys; assert len(json.load(open(sys.argv[1]))["archives"]) == int(sys.argv[2])' "$recipes/npm/checksums.json" "$(wc -w <<< "$targets")"
}
check "no recipe has a gap" recipes_are_filled_in

a_missing_checksum_is_named() {
  local target
  for target in $targets source; do
    rm -rf "$work/gap"
    cp -R "$work/all & more" "$work/gap"
    rm -r "$work/gap/recipes" "$work/gap/byok-lsp-$version-$target.tar.gz.sha256"
    fails release/recipes.sh "$version" https://127.0.0.1 "$work/gap" 2> "$work/said"
    grep -w -- "$target" "$work/said"
    [ ! -e "$work/gap/recipes" ]
  done
  fails release/recipes.sh 9.9.9 https://127.0.0.1 "$work/all & more"
}
check "a target without a checksum fails them all, and is named" a_missing_checksum_is_named

the_filled_in_installer_knows_where() {
  release/recipes.sh --some "$version" "$work/merged" "$work/merged"
  sh "$work/merged/install.sh" --to "$work/knows"
  "$work/knows/bin/byok-lsp" --version
}
check "the installer of a release needs no address" the_filled_in_installer_knows_where

if git rev-parse --git-dir > /dev/null 2>&1; then
  the_sources_are_the_same_bytes() {
    release/source.sh --out "$work/one"
    release/source.sh --out "$work/two"
    diff -r "$work/one" "$work/two"
    (cd "$work/one" && sha256sum -c ./*.sha256)
    tar -tzf "$work/one/byok-lsp-$version-source.tar.gz" > "$work/listed"
    grep -qx "byok-lsp-$version/Cargo.lock" "$work/listed"
  }
  check "the archive of the sources is twice the same, with its checksum" the_sources_are_the_same_bytes
fi

if command -v node > /dev/null; then check "the npm wrapper ends as the program does" node release/npm/run_test.mjs
else echo "      (no node here: the npm wrapper was not tried)"; fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
