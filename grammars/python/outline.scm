(function_definition name: (_) @name body: (_) @body) @definition.function
(class_definition name: (_) @name body: (_) @body) @definition.type
(type_alias_statement left: (_) @name) @definition.type
(expression_statement (assignment left: (identifier) @name) @definition.constant)
(expression_statement (assignment left: (pattern_list (identifier) @name)) @definition.constant)
; What stands in these is run, not defined.
[(if_statement) (for_statement) (while_statement) (with_statement)] @definition.block
