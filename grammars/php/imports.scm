(namespace_use_declaration (namespace_use_clause [(name) (qualified_name)] @path)) @import
(namespace_use_declaration (namespace_name) @path body: (namespace_use_group (namespace_use_clause (name) @name))) @import
(require_expression (_) @path) @import
(require_once_expression (_) @path) @import
(include_expression (_) @path) @import
(include_once_expression (_) @path) @import
