; TypeScript's patterns are all there are (`inherits`).
