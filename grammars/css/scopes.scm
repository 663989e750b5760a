(rule_set (selectors) @name (block) @body) @scope.type
(keyframes_statement (keyframes_name) @name (keyframe_block_list) @body) @scope.function
(media_statement (block) @body) @scope.block
(supports_statement (block) @body) @scope.block
(at_rule (block) @body) @scope.block
