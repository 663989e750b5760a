#!/usr/bin/env bash
# Fetches projects for the context bench into a folder.
#   corpus.sh FOLDER             in TypeScript and Go, beside those in Rust and Python that are on the machine
#   corpus.sh --held-out FOLDER  in all four languages, to measure what nothing was fitted on and nobody has looked into
#   corpus.sh --fit FOLDER       in all four languages, to fit on
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

# Fetches crates and copies their sources.
from_cargo() {
  printf '[package]\nname = "fetch"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n' >Cargo.toml
  for crate in "$@"; do
    echo "${crate%@*} = { version = \"${crate#*@}\", default-features = false }" >>Cargo.toml
  done
  touch src/lib.rs
  cargo vendor --versioned-dirs vendor >/dev/null
  for crate in "$@"; do
    cp -r vendor/"${crate%@*}"-[0-9]* "$root/rust/"
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
  from_cargo axum@0.7 actix-http@3 sled@0.34 quinn-proto@0.11 nom@7 rstar@0.12 petgraph@0.6 minijinja@2 handlebars@5
  exit
  ;;
--fit)
  root=$(mkdir -p "$2" && cd "$2" && pwd)
  mkdir -p "$root/rust" "$root/python" "$root/typescript" "$root/go" "$root/fetched/src"
  cd "$root/fetched"
  from_npm @effect/cli @effect/printer @effect/schema @effect/platform @effect/sql @tanstack/db @tanstack/db-ivm @tanstack/form-core @tanstack/pacer \
    @tanstack/table-core optimism hls.js maplibre-gl vega-lite @luma.gl/core @deck.gl/core langium @automerge/automerge-repo @wagmi/core ox \
    prosemirror-view prosemirror-model @trpc/client @noble/hashes @scure/btc-signer @antv/g2 chevrotain
  from_debian golang-github-hashicorp-hcl-v2-dev golang-github-hashicorp-serf-dev golang-github-tdewolff-parse-dev golang-github-tdewolff-minify-dev \
    golang-github-fsouza-go-dockerclient-dev golang-github-lib-pq-dev golang-github-rivo-tview-dev golang-github-gdamore-tcell.v2-dev \
    golang-github-charmbracelet-bubbletea-dev golang-github-charmbracelet-bubbles-dev golang-github-russross-blackfriday-v2-dev \
    golang-github-containers-image-dev golang-github-opencontainers-runc-dev golang-github-cilium-ebpf-dev golang-github-jackc-pgx-v4-dev \
    golang-github-go-kit-kit-dev golang-github-emersion-go-imap-dev golang-github-docker-go-connections-dev golang-github-aws-smithy-go-dev \
    golang-github-valyala-fasthttp-dev golang-github-nats-io-go-nats-dev
  pip install --quiet --no-deps --target py aiohttp tornado fastapi trio anyio black pytest paramiko scrapy celery kombu falcon docutils mako pydantic \
    isort pylint astroid rope
  for package in aiohttp tornado fastapi trio anyio black _pytest paramiko scrapy celery kombu falcon docutils mako pydantic isort pylint astroid rope; do
    cp -r "py/$package" "$root/python/"
  done
  from_cargo tempfile@3 clap_derive@4 ahash@0.8 bitpacking@0.9 rand_distr@0.4 async-lock@3 async-trait@0.1 criterion-plot@0.8 toml-span@0.7 \
    ar_archive_writer@0.5 base64@0.22 crossbeam-epoch@0.9 bitflags@2 portable-atomic@1 const-oid@0.10 clap_builder@4 fluent-syntax@0.12 yasna@0.6 \
    parking_lot@0.12 ropey@1 writeable@0.6 toml@1 tracing-attributes@0.1 schemars@1 tinystr@0.8 bytes@1 thiserror@2 pest_meta@2
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
