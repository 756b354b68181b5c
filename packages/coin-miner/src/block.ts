/**
 * A block from a template (BIP22, BIP145): the coinbase is the miner's own, everything else as the node
 * says. Whether it is valid is for the node to judge.
 */
import { Block, type BlockHash, hexToBytes, NO_VOUT, Tx, ZERO_TXID } from '@coind/primitives';
import { buildScript } from '@coind/script';

/** The part of getblocktemplate's answer that a block is made from. */
export interface Template {
  readonly version: number;
  readonly previousblockhash: BlockHash;
  readonly transactions: readonly { readonly data: string }[];
  readonly coinbasevalue: number;
  readonly curtime: number;
  /** Compact target, hex. */
  readonly bits: string;
  readonly height: number;
  readonly longpollid?: string;
  readonly default_witness_commitment?: string;
  readonly signet_challenge?: string;
}

/** What the miner decides. */
export interface Choices {
  /** Who is paid. */
  readonly scriptPubKey: Uint8Array;
  /** Makes the coinbase another one when all nonces are used up. */
  readonly extraNonce: number;
  /** Unix seconds. */
  readonly time: number;
}

/** What the commitment to witnesses is made with (BIP141). */
const RESERVED_VALUE = new Uint8Array(32);
const FINAL = 0xffffffff;

function coinbaseFor(template: Template, { scriptPubKey, extraNonce }: Choices): Tx {
  const { height, coinbasevalue, default_witness_commitment: commitment } = template;
  const reward = { value: BigInt(coinbasevalue), scriptPubKey };
  const committed =
    commitment === undefined ? [] : [{ value: 0n, scriptPubKey: hexToBytes(commitment) }];
  return new Tx({
    version: 2,
    inputs: [
      {
        prevout: { txid: ZERO_TXID, vout: NO_VOUT },
        // The height comes first (BIP34).
        scriptSig: buildScript([BigInt(height), BigInt(extraNonce)]),
        sequence: FINAL,
        witness: commitment === undefined ? [] : [RESERVED_VALUE],
      },
    ],
    outputs: [reward, ...committed],
    locktime: 0,
  });
}

/** The block, whose nonce is still to be found. */
export function blockFor(template: Template, choices: Choices): Block {
  const others = template.transactions.map(({ data }) => Tx.decode(hexToBytes(data)));
  const txs = [coinbaseFor(template, choices), ...others];
  const fields = {
    version: template.version,
    prevHash: template.previousblockhash,
    time: choices.time,
    bits: Number.parseInt(template.bits, 16),
    nonce: 0,
  };
  return Block.of(fields, txs);
}
