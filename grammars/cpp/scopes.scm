(function_definition declarator: (function_declarator declarator: (_) @name) body: (_) @body) @scope.function
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator: (_) @name)) body: (_) @body) @scope.function
(struct_specifier name: (_)? @name body: (_) @body) @scope.type
(union_specifier name: (_)? @name body: (_) @body) @scope.type
(enum_specifier name: (_)? @name body: (_) @body) @scope.type
(if_statement consequence: (_) @body) @scope.block
(for_statement body: (_) @body) @scope.block
(while_statement body: (_) @body) @scope.block
(do_statement body: (_) @body) @scope.block
(switch_statement body: (_) @body) @scope.block
(function_definition declarator: (reference_declarator (function_declarator declarator: (_) @name)) body: (_) @body) @scope.function
(function_definition declarator: (function_declarator declarator: (qualified_identifier) @name) body: (_) @body) @scope.method
(function_definition declarator: (reference_declarator (function_declarator declarator: (qualified_identifier) @name)) body: (_) @body) @scope.method
(class_specifier name: (_)? @name body: (_) @body) @scope.type
(namespace_definition name: (_)? @name body: (_) @body) @scope.module
(lambda_expression body: (_) @body) @scope.function
(for_range_loop body: (_) @body) @scope.block
(try_statement body: (_) @body) @scope.block
