(section . (atx_heading heading_content: (_) @name)) @definition.module
; Such a heading does not end the section before it, so only the heading itself is its own.
(setext_heading heading_content: (_) @name) @definition.module
