/** Handlers of the methods about scripts and descriptors. */
import {
  type Descriptor,
  descriptorChecksum,
  expandDescriptor,
  formatDescriptor,
  hasPrivateKeys,
  inferDescriptor,
  isRanged,
  isSolvable,
  parseMultipath,
  withChecksum,
} from '@coind/descriptors';
import {
  bytesToHex,
  type ChainParams,
  hash160,
  hexToBytes,
  isHex,
  sha256,
  type Tx,
  type TxOutput,
} from '@coind/primitives';
import { type Handlers, type IndexRange, type methods, RpcError, rpcError } from '@coind/rpc';
import {
  classifyOutput,
  decodeScript,
  encodeAddress,
  hasValidOps,
  isSuccess,
  isUnspendable,
  p2sh,
  p2wpkh,
  p2wsh,
} from '@coind/script';
import { combineTransactions, parseAddressType } from '@coind/wallet';
import type { RpcContext } from '../context.ts';
import { multisigForm, parsePublicKey } from '../shapes/multisig.ts';
import { parseTx, scriptPubKeyJson } from '../shapes/tx-json.ts';

/** Templates that make sense behind a script hash, and of these what may be a witness script. */
const wrappable = ['multisig', 'nonstandard', 'pubkey', 'pubkeyhash'];
const wrappablePrograms = ['witness_v0_keyhash', 'witness_v0_scripthash'];
const OP_CHECKSIGADD = 0xba;

function canWrap(script: Uint8Array): boolean {
  const { type } = classifyOutput(script);
  if (![...wrappable, ...wrappablePrograms].includes(type)) return false;
  if (!hasValidOps(script) || isUnspendable(script)) return false;
  const ops = decodeScript(script) ?? [];
  return !ops.some(({ opcode }) => opcode === OP_CHECKSIGADD || isSuccess(opcode));
}

/** The witness program that stands for `script`; undefined when segwit has none for it. */
function witnessForm(script: Uint8Array): Uint8Array | undefined {
  const { type, solutions } = classifyOutput(script);
  if (!wrappable.includes(type)) return undefined;
  const [first] = solutions;
  if (type === 'pubkeyhash' && first) return p2wpkh(first);
  const keys = type === 'pubkey' || type === 'multisig' ? solutions : [];
  if (keys.some((key) => key.length !== 1 && key.length !== 33)) return undefined;
  return type === 'pubkey' && first ? p2wpkh(hash160(first)) : p2wsh(sha256(script));
}

const addressOf = (script: Uint8Array, params: ChainParams): string =>
  encodeAddress(script, params) ?? '';

function wrappedJson(script: Uint8Array, params: ChainParams) {
  if (!canWrap(script)) return {};
  const program = witnessForm(script);
  return {
    p2sh: addressOf(p2sh(hash160(script)), params),
    ...(program && {
      segwit: {
        ...scriptPubKeyJson(program, params),
        // What is inside is known here, to a descriptor as well.
        desc: inferDescriptor(program, params, { script: () => script }),
        'p2sh-segwit': addressOf(p2sh(hash160(program)), params),
      },
    }),
  };
}

/** First and last index of a range. Throws -8. */
function parseRange(range: IndexRange): readonly [number, number] {
  const [begin, end] = typeof range === 'number' ? [0, range] : range;
  if (typeof range !== 'number' && begin > end) {
    throw new RpcError(-8, 'Range specified as [begin,end] must not have begin after end');
  }
  if (begin < 0) throw new RpcError(-8, 'Range should be greater or equal than 0');
  if (end < 0 || end >= 2 ** 31) throw new RpcError(-8, 'End of range is too high');
  if (end >= begin + 1_000_000) throw new RpcError(-8, 'Range is too large');
  return [begin, end];
}

/** The addresses of a descriptor from one index to another. Throws -5 for scripts without. */
function addressesOf(
  descriptor: Descriptor,
  [begin, end]: readonly [number, number],
  params: ChainParams,
): string[] {
  const found: string[] = [];
  for (let index = begin; index <= end; index++) {
    const solutions = expandDescriptor(descriptor, index);
    for (const { scriptPubKey } of solutions) {
      const isKey = classifyOutput(scriptPubKey).type === 'pubkey';
      const address = isKey ? undefined : encodeAddress(scriptPubKey, params);
      if (address !== undefined) found.push(address);
      // A combo has a bare key among its scripts; alone it has no address.
      else if (!isKey || solutions.length === 1) {
        throw new RpcError(-5, 'Descriptor does not have a corresponding address');
      }
    }
  }
  if (found.length === 0) throw new RpcError(-1, 'Unexpected empty result');
  return found;
}

/** What is left of a transaction without its signatures: its copies agree in this. */
function unsigned(tx: Tx): string {
  const { version, outputs, locktime } = tx;
  const inputs = tx.inputs.map(({ prevout, sequence }) => [prevout.txid, prevout.vout, sequence]);
  const paid = outputs.map(({ value, scriptPubKey }) => [`${value}`, bytesToHex(scriptPubKey)]);
  return JSON.stringify([version, inputs, paid, locktime]);
}

/** Handlers of the methods about scripts and descriptors. */
export const scripts: Handlers<typeof methods.scripts, RpcContext> = {
  decodescript({ node: { params } }, { hexstring }) {
    if (hexstring !== '' && !isHex(hexstring)) throw rpcError('notHex', 'argument', hexstring);
    const script = hexToBytes(hexstring);
    return { ...scriptPubKeyJson(script, params), ...wrappedJson(script, params) };
  },

  async combinerawtransaction({ node }, { txs }) {
    if (txs.length <= 1) {
      throw new RpcError(-22, 'Missing transactions. At least two transactions required.');
    }
    const copies = txs.map((text, index) => {
      if (typeof text !== 'string') throw rpcError('wrongType', 'string', 'number');
      const tx = parseTx(text, 'witness');
      if (tx) return tx;
      throw new RpcError(
        -22,
        `TX decode failed for tx ${index}. Make sure the tx has at least one input.`,
      );
    });
    const [first] = copies as [Tx, ...Tx[]];
    for (const [index, copy] of copies.entries()) {
      if (unsigned(copy) === unsigned(first)) continue;
      throw new RpcError(
        -8,
        `Transaction number ${index + 1} not compatible with first transaction`,
      );
    }
    const coins = await node.mempool.coins(first.inputs.map(({ prevout }) => prevout));
    const spent = coins.map((coin): TxOutput => {
      if (!coin) throw new RpcError(-25, 'Input not found or already spent');
      return coin.output;
    });
    return bytesToHex(combineTransactions(copies, spent).encode());
  },

  createmultisig({ node: { params, profile } }, { nrequired, keys, address_type }) {
    const publicKeys = keys.map(parsePublicKey);
    const type = parseAddressType(address_type);
    if (type === undefined) throw rpcError('unknownAddressType', address_type);
    if (type === 'bech32m') {
      throw new RpcError(-5, 'createmultisig cannot create bech32m multisig addresses');
    }
    const form = multisigForm(nrequired, publicKeys, type, profile);
    return {
      address: addressOf(form.scriptPubKey, params),
      redeemScript: bytesToHex(form.script),
      descriptor: withChecksum(form.descriptor),
      ...(form.type !== type && {
        warnings: [
          'Unable to make chosen address type, please ensure no uncompressed public keys are present.',
        ],
      }),
    };
  },

  getdescriptorinfo({ node: { params } }, { descriptor: text }) {
    const parsed = parseMultipath(text, params);
    const texts = parsed.map((one) => formatDescriptor(one, 'public', params));
    const [first] = parsed as readonly [Descriptor];
    return {
      descriptor: texts[0] as string,
      ...(texts.length > 1 && { multipath_expansion: texts }),
      checksum: descriptorChecksum(text.split('#')[0] as string) ?? '',
      isrange: isRanged(first),
      issolvable: isSolvable(first),
      hasprivatekeys: parsed.some(hasPrivateKeys),
    };
  },

  deriveaddresses({ node: { params } }, { descriptor: text, range }) {
    const limits = range === undefined ? undefined : parseRange(range);
    const parsed = parseMultipath(text, params, true);
    const [first] = parsed as readonly [Descriptor];
    if (!isRanged(first) && limits) {
      throw new RpcError(-8, 'Range should not be specified for an un-ranged descriptor');
    }
    if (isRanged(first) && !limits) {
      throw new RpcError(-8, 'Range must be specified for a ranged descriptor');
    }
    const lists = parsed.map((one) => addressesOf(one, limits ?? [0, 0], params));
    return parsed.length > 1 ? lists : (lists[0] as string[]);
  },
};
