#!/usr/bin/env bash
# Fetches projects for the context bench into a folder.
#   corpus.sh FOLDER             in TypeScript and Go, beside those in Rust and Python that are on the machine
#   corpus.sh --held-out FOLDER  in all four languages, to measure what nothing was fitted on and nobody has looked into
#   corpus.sh --fit FOLDER       more in TypeScript, to fit on
set -euo pipefail

# Installs npm packages and copies those sources of theirs that are TypeScript.
from_npm() {
  npm init -y >/dev/null
  npm install --ignore-scripts --no-audit --no-fund --legacy-peer-deps "$@" >/dev/null
  for package in "$@"; do
    cp -r "node_modules/$package/src" "$root/typescript/${package//\//-}"
  done
}

# Debian's packages of Go libraries are their sources.
from_debian() {
  apt-get download "$@"
  for package in *.deb; do
    dpkg -x "$package" unpacked
  done
  for project in unpacked/usr/share/gocode/src/github.com/*/*; do
    cp -rL "$project" "$root/go/$(basename "$(dirname "$project")")-$(basename "$project")"
  done
}

case "$1" in
--held-out)
  root=$(mkdir -p "$2" && cd "$2" && pwd)
  mkdir -p "$root/rust" "$root/python" "$root/typescript" "$root/go" "$root/fetched/src"
  cd "$root/fetched"
  from_npm @tanstack/router-core @trpc/server msw @mswjs/interceptors @noble/curves @noble/ciphers abitype graphql-request
  from_debian golang-github-gorilla-websocket-dev golang-github-labstack-echo-dev golang-github-pelletier-go-toml.v2-dev \
    golang-github-miekg-dns-dev golang-github-go-chi-chi-dev golang-github-minio-minio-go-v7-dev golang-github-yuin-goldmark-dev \
    golang-github-alecthomas-chroma-v2-dev golang-github-gomodule-redigo-dev golang-github-spf13-pflag-dev
  pip install --quiet --no-deps --target python flask werkzeug httpx rich jinja2 click starlette marshmallow attrs
  for package in attr click flask httpx jinja2 marshmallow rich starlette werkzeug; do
    cp -r "python/$package" "$root/python/"
  done
  crates="axum@0.7 actix-http@3 sled@0.34 quinn-proto@0.11 nom@7 rstar@0.12 petgraph@0.6 minijinja@2 handlebars@5"
  printf '[package]\nname = "fetch"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n' >Cargo.toml
  for crate in $crates; do
    echo "${crate%@*} = { version = \"${crate#*@}\", default-features = false }" >>Cargo.toml
  done
  touch src/lib.rs
  cargo vendor --versioned-dirs vendor >/dev/null
  for crate in $crates; do
    cp -r vendor/"${crate%@*}"-[0-9]* "$root/rust/"
  done
  exit
  ;;
--fit)
  root=$(mkdir -p "$2" && cd "$2" && pwd)
  mkdir -p "$root/typescript" "$root/fetched"
  cd "$root/fetched"
  from_npm @effect/cli @effect/printer @effect/schema @tanstack/db @tanstack/db-ivm @tanstack/form-core @tanstack/pacer optimism
  exit
  ;;
esac

root=$(mkdir -p "$1" && cd "$1" && pwd)
mkdir -p "$root/typescript" "$root/go" "$root/fetched"
cd "$root/fetched"
npm init -y >/dev/null
npm install --ignore-scripts --no-audit --no-fund rxjs zod ajv effect @tanstack/query-core immer mobx @reduxjs/toolkit yup superstruct io-ts fp-ts hono redux-saga >/dev/null
for source in node_modules/*/src node_modules/*/lib node_modules/@*/*/src; do
  name=$(echo "$source" | sed 's,node_modules/,,; s,/src$,,; s,/lib$,,; s,/,-,g')
  if [ "$(find "$source" -name '*.ts' -not -name '*.d.ts' | wc -l)" -ge 5 ]; then
    cp -r "$source" "$root/typescript/$name"
  fi
done
from_debian golang-github-spf13-cobra-dev golang-github-gorilla-mux-dev golang-github-prometheus-client-golang-dev \
  golang-github-gin-gonic-gin-dev golang-golang-x-tools-dev golang-github-docker-libkv-dev golang-github-docker-distribution-dev \
  golang-github-urfave-cli-dev golang-github-sirupsen-logrus-dev golang-github-hashicorp-memberlist-dev \
  golang-github-git-lfs-git-lfs-dev golang-github-containerd-continuity-dev golang-github-go-git-go-git-dev \
  golang-github-spf13-viper-dev golang-github-hashicorp-raft-dev golang-github-spf13-afero-dev
