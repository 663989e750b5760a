(function_declaration name: (_) @name body: (_)? @body) @definition.function
(method_declaration name: (_) @name body: (_)? @body) @definition.method
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @owner
    (pointer_type (type_identifier) @owner)
    (generic_type type: (_) @owner)
    (pointer_type (generic_type type: (_) @owner))
  ]))
  name: (_) @name
  body: (_)? @body) @definition.method
(type_spec name: (_) @name) @definition.type
(type_alias name: (_) @name) @definition.type
(type_spec name: (_) @name type: [(struct_type (field_declaration_list) @body) (interface_type "{" @body)]) @definition.type
(const_spec name: (_) @name) @definition.constant
(var_spec name: (_) @name) @definition.constant
(field_declaration name: (_) @name) @definition.field
(method_elem name: (_) @name) @definition.method
(package_clause (_) @name) @definition.module
(func_literal) @definition.block
