(table [(bare_key) (quoted_key) (dotted_key)] @name) @scope.module
(table_array_element [(bare_key) (quoted_key) (dotted_key)] @name) @scope.module
(pair [(bare_key) (quoted_key) (dotted_key)] @name [(array) (inline_table)] @body) @scope.block
