(namespace_declaration name: (_) @name body: (_) @body) @scope.module
(class_declaration name: (_) @name body: (_) @body) @scope.type
(struct_declaration name: (_) @name body: (_) @body) @scope.type
(interface_declaration name: (_) @name body: (_) @body) @scope.type
(enum_declaration name: (_) @name body: (_) @body) @scope.type
(record_declaration name: (_) @name body: (_) @body) @scope.type
(method_declaration name: (_) @name body: (_) @body) @scope.method
(constructor_declaration name: (_) @name body: (_) @body) @scope.method
(property_declaration name: (_) @name accessors: (_) @body) @scope.method
(local_function_statement name: (_) @name body: (_) @body) @scope.function
(lambda_expression body: (_) @body) @scope.function
(if_statement consequence: (_) @body) @scope.block
(for_statement body: (_) @body) @scope.block
(foreach_statement body: (_) @body) @scope.block
(while_statement body: (_) @body) @scope.block
(try_statement body: (_) @body) @scope.block
(switch_statement body: (_) @body) @scope.block
