(preproc_include path: (_) @path) @import
(using_declaration (qualified_identifier) @path) @import
