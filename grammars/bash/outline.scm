(function_definition name: (_) @name body: (_) @body) @definition.function
(variable_assignment name: (variable_name) @name) @definition.constant
[(if_statement) (for_statement) (while_statement) (case_statement) (command) (subshell)] @definition.block
