/** Methods about the next block: what goes into it and how hard it is. */
import { amount, bool, type Codec, hex, int, int64, num, optional, str, txid } from '../codec.ts';
import { alwaysWith, object, record } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { currentWarnings, joinedWarnings, zeroDummy } from './params.ts';

const modern = ['coind', 'core'] as const;
const difficulty = {
  bits: hex('The target, compact'),
  difficulty: num('The difficulty'),
  target: hex('The target'),
};
const about = {
  blocks: int('The height of the tip'),
  currentblockweight: optional(int('Weight of the template made last')),
  currentblocktx: optional(int('Its transactions, without the coinbase')),
};

/** How many blocks, of which none or less meant: since the last change of difficulty. */
function sinceRetarget(about: string): Codec<number> {
  const count = int(about);
  return { ...count, decode: (json, name) => Math.max(-1, count.decode(json, name) || -1) };
}

const state = {
  networkhashps: num('Hashes per second of the whole network, estimated'),
  pooledtx: int('Transactions in the mempool'),
};

/** What today's bitcoind says. */
const today = {
  ...about,
  ...difficulty,
  ...state,
  blockmintxfee: amount('The lowest fee per 1,000 vbytes that gets into a block'),
  chain: str('The network'),
  next: object({ height: int('The height of the next block'), ...difficulty }),
  signet_challenge: optional(hex('The challenge of a signet')),
  warnings: currentWarnings,
};

/** Until 0.12, when bitcoind mined by itself. */
const builtIn = {
  generate: optional(bool('Whether the node mines by itself all the time')),
  genproclimit: optional(int('On how many threads; -1 for one per processor')),
  hashespersec: optional(int64('Hashes per second of the built-in miner')),
};
const noTemplate = { currentblockweight: 0, currentblocktx: 0 };
const of016 = {
  ...about,
  difficulty: difficulty.difficulty,
  ...state,
  chain: str('The network'),
  warnings: joinedWarnings('Warnings'),
};

/** Methods about the next block. */
export const miningInfo = {
  getmininginfo: method({
    category: 'mining',
    about: 'What there is to know for mining.',
    params: {},
    result: object({
      ...today,
      ...builtIn,
    }),
    core: { result: object(today) },
    examples: [''],
    legacy: { result: alwaysWith(noTemplate, object(of016)) },
    early: { result: alwaysWith(noTemplate, object({ ...of016, ...builtIn })) },
  }),
  getnetworkhashps: method({
    category: 'mining',
    about: 'Hashes per second of the whole network, estimated from the last blocks.',
    params: {
      nblocks: optional(int('How many blocks; -1: since the last change of difficulty'), 120),
      height: optional(int('The last of them; -1: the tip'), -1),
    },
    result: num('Hashes per second'),
    // Nothing but -1 is below 1 today; then everything below it meant the same.
    legacy: {
      params: {
        nblocks: optional(
          sinceRetarget('How many blocks; 0 or less: since the last change of difficulty'),
          120,
        ),
        height: optional(int('The last of them; -1: the tip'), -1),
      },
    },
    examples: [''],
  }),
  prioritisetransaction: method({
    category: 'mining',
    about: 'Makes the miner, and all policy, see another fee than a transaction pays.',
    params: {
      txid: txid('The transaction'),
      dummy: optional(zeroDummy('0 or nothing')),
      fee_delta: int64('What to add to its fee, satoshis'),
    },
    result: bool('True'),
    examples: ['"0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098" 0 10000'],
  }),
  getprioritisedtransactions: method({
    category: 'mining',
    profiles: modern,
    about: 'What prioritisetransaction added, by transaction.',
    params: {},
    result: record(
      object({
        fee_delta: int64('What was added, satoshis'),
        in_mempool: bool('Whether the transaction is there'),
        modified_fee: optional(int64('Its fee with that, satoshis')),
      }),
    ),
    examples: [''],
  }),
};
