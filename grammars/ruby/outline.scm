(method name: (_) @name) @definition.function
(method name: (_) @name body: (_) @body) @definition.function
(singleton_method name: (_) @name body: (_)? @body) @definition.function
(class name: (_) @name body: (_)? @body) @definition.type
(module name: (_) @name body: (_)? @body) @definition.module
(assignment left: (constant) @name) @definition.constant
