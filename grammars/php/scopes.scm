(class_declaration name: (_) @name body: (_) @body) @scope.type
(interface_declaration name: (_) @name body: (_) @body) @scope.type
(trait_declaration name: (_) @name body: (_) @body) @scope.type
(enum_declaration name: (_) @name body: (_) @body) @scope.type
(function_definition name: (_) @name body: (_) @body) @scope.function
(method_declaration name: (_) @name body: (_) @body) @scope.method
(anonymous_function body: (_) @body) @scope.function
(arrow_function body: (_) @body) @scope.function
(if_statement body: (_) @body) @scope.block
(for_statement body: (_) @body) @scope.block
(foreach_statement body: (_) @body) @scope.block
(while_statement body: (_) @body) @scope.block
(try_statement body: (_) @body) @scope.block
(switch_statement body: (_) @body) @scope.block
