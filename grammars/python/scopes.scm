(function_definition name: (_) @name body: (_) @body) @scope.function
(class_definition name: (_) @name body: (_) @body) @scope.type
(if_statement consequence: (_) @body) @scope.block
(for_statement body: (_) @body) @scope.block
(while_statement body: (_) @body) @scope.block
(with_statement body: (_) @body) @scope.block
(try_statement body: (_) @body) @scope.block
(match_statement body: (_) @body) @scope.block
(lambda body: (_) @body) @scope.block
