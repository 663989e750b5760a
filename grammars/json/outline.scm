(pair key: (string (string_content) @name)) @definition.constant
; A key that holds an object or a list of them is what one navigates by.
(pair key: (string (string_content) @name) value: [(object) (array)] @body) @definition.module
