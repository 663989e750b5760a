;;; drive.el --- a real Emacs with eglot and the real server  -*- lexical-binding: t -*-
;; Usage: emacs -Q --batch -l drive.el RECIPE FILE       RECIPE: what `byok-lsp setup emacs --print` prints for init.el, and README.md's function `byok'
;; Opens FILE, whose tenth line is half typed, lets eglot connect by the recipe, completes at point, prints the line, and sets both models.

(require 'eglot)
(setq eglot-sync-connect 20 eglot-autoshutdown t create-lockfiles nil make-backup-files nil)

(let ((recipe (pop command-line-args-left)) (file (pop command-line-args-left)))
  (with-temp-buffer
    (insert-file-contents recipe)
    (eval-buffer))
  (find-file file)
  (prog-mode)
  (goto-char (point-min))
  (forward-line 9)
  (end-of-line)
  (apply #'eglot (eglot--guess-contact))
  (unless (eglot-managed-p) (error "eglot did not connect"))
  (message "server: %s" (plist-get (eglot--server-info (eglot-current-server)) :name))
  ;; The server reads a document behind its being opened; until then it has nothing to say.
  (let ((tries 0) (before (buffer-size)))
    (while (and (= (buffer-size) before) (< (setq tries (1+ tries)) 200))
      (completion-at-point)
      (when (= (buffer-size) before) (sleep-for 0.1))))
  (message "line: %s" (buffer-substring (line-beginning-position) (line-end-position)))
  (message "commands: %s" (plist-get (eglot-server-capable :executeCommandProvider) :commands))
  (message "model: %s" (plist-get (byok "byok.setModel" "openai/gpt-4.1-mini") :model))
  (byok "byok.setModel" "openai/gpt-4.1" "action")
  (let ((models (byok "byok.models")))
    (message "set: %s, for actions %s;" (plist-get models :current) (plist-get models :actions)))
  (when (getenv "BYOK_EVENTS") (with-current-buffer (jsonrpc-events-buffer (eglot-current-server)) (princ (buffer-string))))
  (set-buffer-modified-p nil)
  (eglot-shutdown (eglot-current-server)))
