(function_declaration name: (identifier) @name body: (_)? @body) @definition.function
(function_declaration name: (dot_index_expression) @name body: (_)? @body) @definition.function
(function_declaration name: (method_index_expression) @name body: (_)? @body) @definition.method
(chunk local_declaration: (variable_declaration (assignment_statement (variable_list name: (identifier) @name)) @definition.constant))
(field name: (identifier) @name value: (function_definition body: (_)? @body)) @definition.function
