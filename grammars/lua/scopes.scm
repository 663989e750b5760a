(function_declaration name: (_) @name body: (_)? @body) @scope.function
(function_definition body: (_)? @body) @scope.function
(assignment_statement (variable_list . name: (_) @name) (expression_list . value: (function_definition body: (_)? @body))) @scope.function
(field name: (_) @name value: (function_definition body: (_)? @body)) @scope.function
(if_statement consequence: (_)? @body) @scope.block
(for_statement body: (_)? @body) @scope.block
(while_statement body: (_)? @body) @scope.block
(repeat_statement body: (_)? @body) @scope.block
(table_constructor "{" @body) @scope.block
