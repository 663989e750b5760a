(use_declaration argument: [(identifier) (scoped_identifier) (use_as_clause) (use_wildcard) (use_list)] @path) @import
; A list of names belongs to the path before it.
(use_declaration argument: (scoped_use_list path: (_) @path list: (use_list (_) @name))) @import
(extern_crate_declaration name: (_) @path) @import
