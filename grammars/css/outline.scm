(rule_set (selectors) @name (block) @body) @definition.type
(keyframes_statement (keyframes_name) @name (keyframe_block_list) @body) @definition.function
(media_statement (block) @body) @definition.block
(declaration (property_name) @name (#match? @name "^--")) @definition.constant
