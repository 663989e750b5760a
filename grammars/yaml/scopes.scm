(block_mapping_pair key: (_) @name value: (block_node) @body) @scope.block
(block_sequence_item) @scope.block
(flow_mapping) @scope.block
(flow_sequence) @scope.block
