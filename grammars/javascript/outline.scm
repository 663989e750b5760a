(function_declaration name: (_) @name body: (_) @body) @definition.function
(generator_function_declaration name: (_) @name body: (_) @body) @definition.function
(class_declaration name: (_) @name body: (_) @body) @definition.type
(method_definition name: (_) @name body: (_) @body) @definition.method
(lexical_declaration (variable_declarator name: (identifier) @name)) @definition.constant
(variable_declaration (variable_declarator name: (identifier) @name)) @definition.constant
; A variable that holds a function is a function to its readers.
(lexical_declaration (variable_declarator name: (identifier) @name value: [
  (arrow_function body: (_) @body)
  (function_expression body: (_) @body)
])) @definition.function
; What stands in these is local.
[(arrow_function) (function_expression) (if_statement) (for_statement) (for_in_statement) (while_statement) (try_statement)] @definition.block
(field_definition property: (_) @name) @definition.field
