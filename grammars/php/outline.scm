(namespace_definition name: (_) @name) @definition.module
(class_declaration name: (_) @name body: (_) @body) @definition.type
(interface_declaration name: (_) @name body: (_) @body) @definition.type
(trait_declaration name: (_) @name body: (_) @body) @definition.type
(enum_declaration name: (_) @name body: (_) @body) @definition.type
(function_definition name: (_) @name body: (_) @body) @definition.function
(method_declaration name: (_) @name body: (_)? @body) @definition.method
(property_declaration (property_element name: (_) @name)) @definition.field
(property_promotion_parameter name: (_) @name) @definition.field
(enum_case name: (_) @name) @definition.field
(const_declaration (const_element (name) @name)) @definition.constant
