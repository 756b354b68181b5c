/** What can be told about an address from its script alone, in the shape RPC shows it. */
import { bytesToHex } from '@coind/primitives';
import { classifyOutput, type OutputType, witnessProgram } from '@coind/script';

/** Whether each kind of address pays to a script; unsaid for witness versions nobody knows yet. */
const paysToScript: Partial<Record<OutputType, boolean>> = {
  pubkeyhash: false,
  scripthash: true,
  witness_v0_keyhash: false,
  witness_v0_scripthash: true,
  witness_v1_taproot: true,
  anchor: true,
};

/** The members of validateaddress and getaddressinfo that need no wallet. */
export function scriptFacts(script: Uint8Array) {
  const { type } = classifyOutput(script);
  const isscript = paysToScript[type];
  const program = witnessProgram(script);
  return {
    ...(isscript !== undefined && { isscript }),
    iswitness: program !== undefined,
    // An anchor is a witness program by its bytes, but bitcoind shows it as a kind of its own.
    ...(program &&
      type !== 'anchor' && {
        witness_version: program.version,
        witness_program: bytesToHex(program.program),
      }),
  };
}
