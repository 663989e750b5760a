; TypeScript's patterns come first (`inherits`).
(jsx_element open_tag: (jsx_opening_element name: (_) @name)) @scope.block
