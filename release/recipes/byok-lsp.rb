class ByokLsp < Formula
  desc "Language server that gives any editor AI assistance on your own key"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "@URL@/byok-lsp-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256_aarch64-apple-darwin@"
    end
    on_intel do
      url "@URL@/byok-lsp-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256_x86_64-apple-darwin@"
    end
  end
  on_linux do
    on_arm do
      url "@URL@/byok-lsp-@VERSION@-aarch64-unknown-linux-gnu.tar.gz"
      sha256 "@SHA256_aarch64-unknown-linux-gnu@"
    end
    on_intel do
      url "@URL@/byok-lsp-@VERSION@-x86_64-unknown-linux-gnu.tar.gz"
      sha256 "@SHA256_x86_64-unknown-linux-gnu@"
    end
  end

  def install
    bin.install "bin/byok-lsp"
    man1.install Dir["share/man/man1/*"]
    bash_completion.install "share/bash-completion/completions/byok-lsp"
    zsh_completion.install "share/zsh/site-functions/_byok-lsp"
    fish_completion.install "share/fish/vendor_completions.d/byok-lsp.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/byok-lsp --version")
  end
end
