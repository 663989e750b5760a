(using_directive !name [(identifier) (qualified_name)] @path) @import
(using_directive name: (_) @name "=" . (_) @path) @import
