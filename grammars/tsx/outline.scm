; TypeScript's patterns come first (`inherits`); JSX defines nothing.
