{ lib, rustPlatform, fetchurl, installShellFiles }:

rustPlatform.buildRustPackage rec {
  pname = "byok-lsp";
  version = "@VERSION@";
  src = fetchurl {
    url = "@URL@/byok-lsp-${version}-source.tar.gz";
    sha256 = "@SHA256_source@";
  };
  # It lies beside this file and has the checksum of each crate, so that none has to be known for all of them.
  cargoLock.lockFile = ./Cargo.lock;
  nativeBuildInputs = [ installShellFiles ];
  # They look for the network of loopback, editors and key stores.
  doCheck = false;
  postInstall = ''
    $out/bin/byok-lsp man man1
    installManPage man1/*.1
    for shell in bash zsh fish; do $out/bin/byok-lsp completions $shell > byok-lsp.$shell; done
    installShellCompletion byok-lsp.{bash,zsh,fish}
  '';
  meta = {
    description = "A language server that gives any editor AI assistance on your own key";
    license = with lib.licenses; [ mit asl20 ];
    mainProgram = "byok-lsp";
  };
}
