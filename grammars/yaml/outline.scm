(block_mapping_pair key: (_) @name) @definition.constant
(block_mapping_pair key: (_) @name value: (block_node [(block_mapping) (block_sequence)]) @body) @definition.module
