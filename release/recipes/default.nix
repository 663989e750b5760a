{ lib, rustPlatform, fetchzip, installShellFiles }:

rustPlatform.buildRustPackage rec {
  pname = "byok-lsp";
  version = "@VERSION@";
  src = fetchzip {
    url = "@URL@/byok-lsp-${version}-source.tar.gz";
    # nix-prefetch-url --unpack says it.
    hash = lib.fakeHash;
  };
  cargoLock.lockFile = "${src}/Cargo.lock";
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
