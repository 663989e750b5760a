//! What those editors need whose settings we do not write: in words, with what is to be copied.

use super::editor::Editor;
use super::plan::Plan;

/// Returns an editor's recipe. `command` starts the server.
pub fn recipe(editor: Editor, command: &str) -> Plan {
    let command = serde_json::to_string(command).expect("a text is JSON");
    Plan::by_hand(text(editor).replace("COMMAND", &command))
}

fn text(editor: Editor) -> &'static str {
    match editor {
        Editor::Vscode => {
            "The extension is in editors/vscode of the source; its README says how it is packaged and installed.
It finds byok-lsp on the path, or where \"byok.server.path\" says."
        }
        Editor::Emacs => EMACS,
        Editor::Sublime => {
            "Install the package \"LSP\", then add to \"Preferences: LSP Settings\":
{
  \"clients\": {
    \"byok\": {
      \"enabled\": true,
      \"command\": [COMMAND, \"serve\"],
      \"selector\": \"source | text.html\"
    }
  }
}
The suggestion is in the completion menu. Not tried in Sublime Text itself yet."
        }
        Editor::Kate => {
            "Settings > Configure Kate > LSP Client > User Server Settings; Kate runs one server for a language, so name those for which you have
no other:
{
  \"servers\": {
    \"bash\": {\"command\": [COMMAND, \"serve\"], \"highlightingModeRegex\": \"^Bash$\"}
  }
}
The suggestion is in the completion menu. Not tried in Kate itself yet."
        }
        Editor::Jetbrains => {
            "Install the plugin \"LSP4IJ\"; in its view \"Language Servers\" add a new one:
  command: COMMAND serve
  mappings: the file types that you write
The suggestion is in the completion menu. Not tried in these editors themselves yet."
        }
        Editor::Zed => {
            "Zed starts only those language servers that an extension brings, and there is none for byok-lsp yet, so there is nothing to set."
        }
        // These have plans of their own.
        Editor::Neovim | Editor::Helix => "",
    }
}

const EMACS: &str = "\
;; For your init.el. Emacs 29 or newer, with its own eglot: M-x eglot in a file; the suggestion is in the completion menu (C-M-i, company, corfu).
;; eglot runs one server in a buffer, so languages that it knows a server for keep that one.
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs '(prog-mode . (COMMAND \"serve\")) t))

;; To have byok-lsp beside other servers, use lsp-mode. Not tried yet.
(with-eval-after-load 'lsp-mode
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection '(COMMAND \"serve\"))
                    :activation-fn (lambda (&rest _) t)
                    :add-on? t
                    :server-id 'byok)))";
