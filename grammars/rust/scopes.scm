(function_item name: (_) @name body: (_) @body) @scope.function
(macro_definition name: (_) @name) @scope.function
(closure_expression body: (block) @body) @scope.block
(struct_item name: (_) @name body: (_) @body) @scope.type
(union_item name: (_) @name body: (_) @body) @scope.type
(enum_item name: (_) @name body: (_) @body) @scope.type
(trait_item name: (_) @name body: (_) @body) @scope.type
(impl_item type: (_) @name body: (_) @body) @scope.type
(impl_item type: (generic_type type: (_) @name) body: (_) @body) @scope.type
(mod_item name: (_) @name body: (_) @body) @scope.module
(if_expression consequence: (_) @body) @scope.block
(for_expression body: (_) @body) @scope.block
(while_expression body: (_) @body) @scope.block
(loop_expression body: (_) @body) @scope.block
(match_expression body: (_) @body) @scope.block
