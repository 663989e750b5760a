(function_declaration name: (_) @name body: (_)? @body) @definition.function
(method_declaration name: (_) @name body: (_)? @body) @definition.method
(type_spec name: (_) @name) @definition.type
(type_alias name: (_) @name) @definition.type
(type_spec name: (_) @name type: [(struct_type (field_declaration_list) @body) (interface_type "{" @body)]) @definition.type
(const_spec name: (_) @name) @definition.constant
(var_spec name: (_) @name) @definition.constant
(field_declaration name: (_) @name) @definition.field
(method_elem name: (_) @name) @definition.method
(package_clause (_) @name) @definition.module
(func_literal) @definition.block
