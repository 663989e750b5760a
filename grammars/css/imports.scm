(import_statement (string_value) @path) @import
(import_statement (call_expression (arguments (_) @path))) @import
