#!/usr/bin/env bash
# Fetches projects in TypeScript and Go for the context bench into a folder: corpus.sh FOLDER
set -euo pipefail
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
# Debian's packages of Go libraries are their sources.
apt-get download golang-github-spf13-cobra-dev golang-github-gorilla-mux-dev golang-github-prometheus-client-golang-dev \
  golang-github-gin-gonic-gin-dev golang-golang-x-tools-dev golang-github-docker-libkv-dev golang-github-docker-distribution-dev \
  golang-github-urfave-cli-dev golang-github-sirupsen-logrus-dev golang-github-hashicorp-memberlist-dev \
  golang-github-git-lfs-git-lfs-dev golang-github-containerd-continuity-dev golang-github-go-git-go-git-dev \
  golang-github-spf13-viper-dev golang-github-hashicorp-raft-dev golang-github-spf13-afero-dev
for package in *.deb; do
  dpkg -x "$package" unpacked
done
for project in unpacked/usr/share/gocode/src/github.com/*/*; do
  cp -rL "$project" "$root/go/$(basename "$(dirname "$project")")-$(basename "$project")"
done
