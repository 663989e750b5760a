(assignment_statement
  (variable_list name: (_) @name)
  (expression_list value: (function_call name: (identifier) @_require arguments: (arguments (string content: (_) @path))))
  (#eq? @_require "require")) @import
(function_call name: (identifier) @_require arguments: (arguments (string content: (_) @path))
  (#eq? @_require "require")) @import
