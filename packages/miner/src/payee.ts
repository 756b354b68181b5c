/** Who is paid by blocks that the node mines by itself. */

/** A script to pay, and the news that it was paid. */
export interface Payee {
  /** The script of the next block: the same until a block that pays it was found. */
  script(): Promise<Uint8Array>;
  /** A block that pays it is part of the chain: the next one may pay another. */
  paid(): void;
}

/** Always the same script. */
export function fixedPayee(script: Uint8Array): Payee {
  return { script: async () => script, paid: () => undefined };
}

/** A script of its own for every block found, made when it is first needed. */
export function freshPayee(make: () => Promise<Uint8Array>): Payee {
  let current: Promise<Uint8Array> | undefined;
  return {
    script() {
      current ??= make().catch((error: unknown) => {
        current = undefined;
        throw error;
      });
      return current;
    },
    paid() {
      current = undefined;
    },
  };
}
