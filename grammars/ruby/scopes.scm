(method name: (_) @name body: (_)? @body) @scope.function
(singleton_method name: (_) @name body: (_)? @body) @scope.function
(class name: (_) @name body: (_)? @body) @scope.type
(module name: (_) @name body: (_)? @body) @scope.module
(do_block body: (_)? @body) @scope.block
(block body: (_)? @body) @scope.block
(if consequence: (_)? @body) @scope.block
(unless consequence: (_)? @body) @scope.block
(while body: (_) @body) @scope.block
(case value: (_) . (_) @body) @scope.block
(begin . (_) @body) @scope.block
