(function_item name: (_) @name body: (_) @body) @definition.function
(function_signature_item name: (_) @name) @definition.function
(macro_definition name: (_) @name) @definition.function
(struct_item name: (_) @name body: (_)? @body) @definition.type
(union_item name: (_) @name body: (_) @body) @definition.type
(enum_item name: (_) @name body: (_) @body) @definition.type
(trait_item name: (_) @name body: (_) @body) @definition.type
((impl_item type: (_) @name body: (_) @body) @definition.type (#set! reopens))
((impl_item type: (generic_type type: (_) @name) body: (_) @body) @definition.type (#set! reopens))
(type_item name: (_) @name) @definition.type
(associated_type name: (_) @name) @definition.type
(const_item name: (_) @name) @definition.constant
(static_item name: (_) @name) @definition.constant
(field_declaration name: (_) @name) @definition.field
(enum_variant name: (_) @name) @definition.field
(mod_item name: (_) @name body: (_)? @body) @definition.module
