(function_declaration name: (_) @name body: (_) @body) @scope.function
(generator_function_declaration name: (_) @name body: (_) @body) @scope.function
(function_expression name: (_)? @name body: (_) @body) @scope.function
(arrow_function body: (_) @body) @scope.function
; Named by its variable; the function itself, which is the same scope, is passed over.
(variable_declarator name: (identifier) @name value: (arrow_function body: (_) @body)) @scope.function
(variable_declarator name: (identifier) @name value: (function_expression body: (_) @body)) @scope.function
(method_definition name: (_) @name body: (_) @body) @scope.method
(class_declaration name: (_) @name body: (_) @body) @scope.type
(class name: (_)? @name body: (_) @body) @scope.type
(if_statement consequence: (_) @body) @scope.block
(for_statement body: (_) @body) @scope.block
(for_in_statement body: (_) @body) @scope.block
(while_statement body: (_) @body) @scope.block
(try_statement body: (_) @body) @scope.block
(switch_statement body: (_) @body) @scope.block
(jsx_element open_tag: (jsx_opening_element name: (_) @name)) @scope.block
