/** The public surface of @coind/p2p. */
export {};
