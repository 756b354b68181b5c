/**
 * A regtest chain whose blocks spend real signatures: coinbases, blocks that split them into coins of one
 * kind, then blocks of transactions with two inputs and two outputs each. The same bytes every time.
 */
import {
  COINBASE_MATURITY,
  hasProofOfWork,
  subsidy,
  witnessCommitmentOutput,
} from '@coind/consensus';
import {
  Block,
  BlockHeader,
  type ChainParams,
  chainParams,
  concatBytes,
  hash160,
  merkleRoot,
  NO_VOUT,
  type OutPoint,
  SEQUENCE_FINAL,
  sha256,
  Tx,
  type TxInput,
  type TxOutput,
  ZERO_TXID,
} from '@coind/primitives';
import {
  buildScript,
  HashType,
  PrecomputedTx,
  p2pkh,
  p2tr,
  p2wpkh,
  publicKey,
  sighashLegacy,
  sighashTaproot,
  sighashV0,
  signEcdsa,
  signSchnorr,
  toDer,
  xOnlyPublicKey,
} from '@coind/script';

/** What the inputs of a chain spend: P2PKH and P2WPKH in turn, or taproot outputs by their key. */
export type Spending = 'ecdsa' | 'taproot';

/** A chain to verify. */
export interface SignedChain {
  /** Blocks without a signature that matters, in order. */
  readonly setup: readonly Uint8Array[];
  /** Blocks of `inputs` inputs each. */
  readonly blocks: readonly Uint8Array[];
}

const VALUE = 10_000n;
const FEE = 1_000n;
/** Coins that one transaction makes. */
const FAN_OUT = 3000;
const KEYS = 500;

interface Key {
  readonly secret: Uint8Array;
  readonly pubkey: Uint8Array;
  readonly scripts: readonly [Uint8Array, Uint8Array];
}

interface Owned extends TxOutput {
  readonly outpoint: OutPoint;
  readonly key: Key;
}

function keysFor(spending: Spending): Key[] {
  return Array.from({ length: KEYS }, (_, i) => {
    const secret = sha256(Uint8Array.of(i, i >> 8));
    const pubkey = publicKey(secret);
    const hash = hash160(pubkey);
    const taproot = p2tr(xOnlyPublicKey(secret));
    return {
      secret,
      pubkey,
      scripts: spending === 'taproot' ? [taproot, taproot] : [p2pkh(hash), p2wpkh(hash)],
    };
  });
}

/** Adds blocks at the end of a chain of its own. */
class Miner {
  readonly #params = chainParams('regtest') as ChainParams;
  readonly #coinbaseScript: Uint8Array;
  #tip = this.#params.genesis.header;
  #height = 0;

  constructor(coinbaseScript: Uint8Array) {
    this.#coinbaseScript = coinbaseScript;
  }

  block(txs: readonly Tx[]): Block {
    const height = ++this.#height;
    const unsaid = new Tx({
      version: 2,
      inputs: [
        {
          prevout: { txid: ZERO_TXID, vout: NO_VOUT },
          scriptSig: concatBytes(buildScript([BigInt(height)]), Uint8Array.of(0)),
          sequence: SEQUENCE_FINAL,
          witness: [new Uint8Array(32)],
        },
      ],
      outputs: [{ value: subsidy(height, this.#params), scriptPubKey: this.#coinbaseScript }],
      locktime: 0,
    });
    const commitment = witnessCommitmentOutput([unsaid, ...txs]);
    const coinbase = new Tx({ ...unsaid, outputs: [...unsaid.outputs, commitment] });
    const all = [coinbase, ...txs];
    const { root } = merkleRoot(all.map(({ txid }) => txid));
    const { hash: prevHash, time, bits } = this.#tip;
    for (let nonce = 0; ; nonce++) {
      const fields = { version: 0x20000000, prevHash, merkleRoot: root, bits, nonce };
      const header = new BlockHeader({ ...fields, time: time + 600 });
      if (!hasProofOfWork(header.hash, bits, this.#params.powLimit)) continue;
      this.#tip = header;
      return new Block(header, all);
    }
  }
}

/** Spends `coins`, each with its key. */
function spend(coins: readonly Owned[], outputs: readonly TxOutput[], spending: Spending): Tx {
  const blank = coins.map(({ outpoint }) => ({
    prevout: outpoint,
    scriptSig: new Uint8Array(0),
    sequence: SEQUENCE_FINAL,
    witness: [] as readonly Uint8Array[],
  }));
  const fields = { version: 2, inputs: blank, outputs, locktime: 0 };
  const shared = new PrecomputedTx(new Tx(fields), coins);
  const inputs = coins.map((coin, i) => sign(shared, i, coin, spending));
  return new Tx({ ...fields, inputs });
}

function sign(shared: PrecomputedTx, index: number, coin: Owned, spending: Spending): TxInput {
  const input = shared.tx.inputs[index] as TxInput;
  const { secret, pubkey, scripts } = coin.key;
  if (spending === 'taproot') {
    const digest = sighashTaproot(shared, index, HashType.DEFAULT) as Uint8Array;
    return { ...input, witness: [signSchnorr(digest, secret)] };
  }
  const legacy = coin.scriptPubKey === scripts[0];
  const digest = legacy
    ? sighashLegacy(shared, index, coin.scriptPubKey, HashType.ALL)
    : sighashV0(shared, index, p2pkh(hash160(pubkey)), coin.value, HashType.ALL);
  const sig = concatBytes(toDer(signEcdsa(digest, secret)), Uint8Array.of(HashType.ALL));
  return legacy
    ? { ...input, scriptSig: buildScript([sig, pubkey]) }
    : { ...input, witness: [sig, pubkey] };
}

/** A chain with `blocks` blocks at its end that spend `inputs` inputs each. */
export function signedChain(spending: Spending, blocks: number, inputs: number): SignedChain {
  const keys = keysFor(spending);
  const first = keys[0] as Key;
  const miner = new Miner(first.scripts[1]);
  const fanOuts = Math.ceil((blocks * inputs) / FAN_OUT);
  const setup = Array.from({ length: COINBASE_MATURITY + fanOuts }, () => miner.block([]));
  const coins: Owned[] = [];
  for (let i = 0; i < fanOuts; i++) {
    const coinbase = setup[i]?.txs[0] as Tx;
    const [paid] = coinbase.outputs as [TxOutput];
    const outpoint = { txid: coinbase.txid, vout: 0 };
    const owners = Array.from({ length: FAN_OUT }, (_, j) => keys[j % KEYS] as Key);
    const outputs = owners.map(({ scripts }, j) => ({
      value: VALUE,
      scriptPubKey: scripts[(j & 1) as 0 | 1],
    }));
    const fanOut = spend([{ ...paid, outpoint, key: first }], outputs, spending);
    setup.push(miner.block([fanOut]));
    outputs.forEach((output, vout) => {
      const key = owners[vout] as Key;
      coins.push({ ...output, outpoint: { txid: fanOut.txid, vout }, key });
    });
  }
  const bodies = Array.from({ length: blocks }, (_, block) => {
    const txs = Array.from({ length: inputs / 2 }, (_, i) => {
      const at = block * inputs + 2 * i;
      const { scripts } = keys[(at + 11) % KEYS] as Key;
      const outputs = scripts.map((scriptPubKey) => ({ value: VALUE - FEE, scriptPubKey }));
      return spend(coins.slice(at, at + 2), outputs, spending);
    });
    return miner.block(txs).encode();
  });
  return { setup: setup.map((block) => block.encode()), blocks: bodies };
}

/** `count` blocks that hold nothing but their coinbase. */
export function emptyChain(count: number): Uint8Array[] {
  const miner = new Miner(buildScript([1n]));
  return Array.from({ length: count }, () => miner.block([]).encode());
}
