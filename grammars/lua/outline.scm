(function_declaration name: (identifier) @name body: (_)? @body) @definition.function
(function_declaration name: (dot_index_expression) @name body: (_)? @body) @definition.function
(function_declaration name: (method_index_expression) @name body: (_)? @body) @definition.method
(variable_declaration (assignment_statement (variable_list name: (identifier) @name))) @definition.constant
; A variable that holds a function is a function to its readers.
(variable_declaration (assignment_statement
  (variable_list . name: (identifier) @name)
  (expression_list . value: (function_definition body: (_)? @body)))) @definition.function
(field name: (identifier) @name value: (function_definition body: (_)? @body)) @definition.function
; What stands in these is local.
[(if_statement) (for_statement) (while_statement) (repeat_statement) (do_statement) (function_definition)] @definition.block
