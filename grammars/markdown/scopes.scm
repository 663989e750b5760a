(section . (atx_heading heading_content: (_) @name)) @scope.module
(section . (setext_heading heading_content: (_) @name)) @scope.module
(list_item) @scope.block
(block_quote) @scope.block
(fenced_code_block (info_string (language) @name)) @scope.block
