(function_declaration name: (_) @name body: (_) @body) @scope.function
(method_declaration name: (_) @name body: (_) @body) @scope.method
(func_literal body: (_) @body) @scope.function
(type_spec name: (_) @name type: [(struct_type (field_declaration_list) @body) (interface_type "{" @body)]) @scope.type
(if_statement consequence: (_) @body) @scope.block
(for_statement body: (_) @body) @scope.block
(expression_switch_statement "{" @body) @scope.block
(type_switch_statement "{" @body) @scope.block
(select_statement "{" @body) @scope.block
(const_declaration "(" @body) @scope.block
(var_declaration (var_spec_list) @body) @scope.block
(import_declaration (import_spec_list) @body) @scope.block
