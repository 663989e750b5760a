(function_definition declarator: (function_declarator declarator: (identifier) @name) body: (_) @body) @definition.function
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name)) body: (_) @body) @definition.function
(declaration declarator: (function_declarator declarator: (identifier) @name)) @definition.function
(declaration declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))) @definition.function
(struct_specifier name: (_) @name body: (_) @body) @definition.type
(union_specifier name: (_) @name body: (_) @body) @definition.type
(enum_specifier name: (_) @name body: (_) @body) @definition.type
(type_definition declarator: (type_identifier) @name) @definition.type
(type_definition type: (_ body: (_) @body) declarator: (type_identifier) @name) @definition.type
(field_declaration declarator: (field_identifier) @name) @definition.field
(field_declaration declarator: (pointer_declarator declarator: (field_identifier) @name)) @definition.field
(field_declaration declarator: (array_declarator declarator: (field_identifier) @name)) @definition.field
(enumerator name: (_) @name) @definition.field
(preproc_def name: (_) @name) @definition.constant
(preproc_function_def name: (_) @name) @definition.function
(declaration declarator: (identifier) @name) @definition.constant
(declaration declarator: (init_declarator declarator: (identifier) @name)) @definition.constant
(declaration declarator: (init_declarator declarator: (array_declarator declarator: (identifier) @name))) @definition.constant
(declaration declarator: (init_declarator declarator: (pointer_declarator declarator: (identifier) @name))) @definition.constant
(function_definition declarator: (reference_declarator (function_declarator declarator: (identifier) @name)) body: (_) @body) @definition.function
(function_definition declarator: (function_declarator declarator: [(field_identifier) (destructor_name) (operator_name)] @name) body: (_) @body) @definition.method
(function_definition declarator: (reference_declarator (function_declarator declarator: [(field_identifier) (operator_name)] @name)) body: (_) @body) @definition.method
(function_definition declarator: (function_declarator declarator: (qualified_identifier) @name) body: (_) @body) @definition.method
(function_definition declarator: (reference_declarator (function_declarator declarator: (qualified_identifier) @name)) body: (_) @body) @definition.method
(function_definition declarator: (function_declarator declarator: (_) @name) (default_method_clause)) @definition.method
(function_definition declarator: (function_declarator declarator: (_) @name) (delete_method_clause)) @definition.method
(field_declaration declarator: (function_declarator declarator: (field_identifier) @name)) @definition.method
(field_declaration declarator: (reference_declarator (function_declarator declarator: (field_identifier) @name))) @definition.method
(class_specifier name: (_) @name body: (_) @body) @definition.type
(concept_definition name: (_) @name) @definition.type
(alias_declaration name: (_) @name) @definition.type
(namespace_definition name: (_) @name body: (_) @body) @definition.module
(lambda_expression) @definition.block
