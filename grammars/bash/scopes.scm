(function_definition name: (_) @name body: (_) @body) @scope.function
(if_statement "then" @body) @scope.block
(for_statement body: (_) @body) @scope.block
(c_style_for_statement body: (_) @body) @scope.block
(while_statement body: (_) @body) @scope.block
(case_statement "in" @body) @scope.block
(subshell "(" @body) @scope.block
