/** What working on an input comes to: what its script is given, and what is missing for that. */

/** What an input wants before it can be finished: keys by HASH160, scripts by their hash. */
export interface Missing {
  readonly pubkeys: Uint8Array[];
  readonly signatures: Uint8Array[];
  redeemScript?: Uint8Array;
  witnessScript?: Uint8Array;
}

/** What is found out about a script on the way to spending it. */
export interface Solution {
  /** What the script is given on the stack, as far as it is there. */
  readonly stack: readonly Uint8Array[];
  readonly solved: boolean;
}
