(import_statement source: (_) @path) @import
(import_statement (import_clause (identifier) @name) source: (_) @path) @import
(import_statement (import_clause (namespace_import (identifier) @name)) source: (_) @path) @import
(import_statement (import_clause (named_imports (import_specifier name: (_) @name))) source: (_) @path) @import
(export_statement source: (_) @path) @import
; CommonJS.
(variable_declarator
  name: (_) @name
  value: (call_expression function: (identifier) @_require arguments: (arguments . (string) @path))
  (#eq? @_require "require")) @import
