(function_declaration name: (_) @name body: (_)? @body) @scope.function
(function_definition body: (_)? @body) @scope.function
(if_statement consequence: (_)? @body) @scope.block
(for_statement body: (_)? @body) @scope.block
(while_statement body: (_)? @body) @scope.block
(repeat_statement body: (_)? @body) @scope.block
(table_constructor) @scope.block
