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
