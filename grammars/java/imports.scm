(import_declaration (scoped_identifier) @path) @import
(import_declaration (scoped_identifier) @path (asterisk) @name) @import
