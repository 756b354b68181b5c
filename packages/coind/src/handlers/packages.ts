/** Handlers of the methods that give the mempool several transactions, or ask what it would say. */
import type { ValidationError } from '@coind/consensus';
import {
  isChildWithParentsTree,
  MAX_PACKAGE_COUNT,
  type MemberOutcome,
  type PackageOutcome,
} from '@coind/mempool';
import { type FeeRate, feeFor, feeRateOf, type Sats, type Tx, type Txid } from '@coind/primitives';
import { type Handlers, type methods, RpcError } from '@coind/rpc';
import { hasValidOps, isUnspendable } from '@coind/script';
import type { NodeModules, RpcContext } from '../context.ts';
import { parseTx } from '../shapes/tx-json.ts';

function parseTxs(texts: readonly string[]): Tx[] {
  if (texts.length < 1 || texts.length > MAX_PACKAGE_COUNT) {
    const range = `between 1 and ${MAX_PACKAGE_COUNT}`;
    throw new RpcError(-8, `Array must contain ${range} transactions.`);
  }
  return texts.map((text) => {
    const tx = parseTx(text);
    if (tx) return tx;
    const hint = 'Make sure the tx has at least one input.';
    throw new RpcError(-22, `TX decode failed: ${text} ${hint}`);
  });
}

/** Refuses outputs that burn more than `maxBurn`. */
export function checkBurn({ outputs }: Tx, maxBurn: Sats): void {
  for (const { scriptPubKey, value } of outputs) {
    const burns = isUnspendable(scriptPubKey) || !hasValidOps(scriptPubKey);
    if (!burns || value <= maxBurn) continue;
    throw new RpcError(
      -25,
      'Unspendable output exceeds maximum configured by user (maxburnamount)',
    );
  }
}

type Accepted = Extract<MemberOutcome, { accepted: true }>;

/** Size and fees of an accepted transaction. */
function acceptedJson({ entry, effective }: Accepted) {
  return {
    vsize_adjusted: entry.vsize,
    vsize: entry.vsize,
    vsize_bip141: entry.tx.vsize,
    fees: {
      base: entry.fee,
      ...(effective && {
        'effective-feerate': effective.rate,
        'effective-includes': effective.of.map(({ wtxid }) => wtxid),
      }),
    },
  };
}

/** One transaction is judged as if it were sent, several as a package. */
async function testTxs({ mempool }: NodeModules, txs: readonly Tx[]): Promise<PackageOutcome> {
  const [tx] = txs;
  if (!tx || txs.length > 1) return mempool.testPackage(txs);
  const outcome = await mempool.test(tx);
  if (!outcome.accepted) return { members: [outcome] };
  const { modifiedFee, vsize } = outcome.entry;
  return {
    members: [{ ...outcome, effective: { rate: feeRateOf(modifiedFee, vsize), of: [tx] } }],
  };
}

/** The members of a tested transaction; none when it is not decided. */
function testedJson(outcome: MemberOutcome | undefined, maxFeeRate: FeeRate) {
  if (!outcome) return { allowed: undefined };
  if (!outcome.accepted) return refusedJson(outcome.error);
  const { fee, vsize } = outcome.entry;
  const most = feeFor(maxFeeRate, vsize);
  if (most > 0n && fee > most) return { allowed: false, 'reject-reason': 'max-fee-exceeded' };
  return { allowed: true, ...acceptedJson(outcome) };
}

function refusedJson({ kind, reason, message }: ValidationError) {
  return kind === 'missing-inputs'
    ? { allowed: false, 'reject-reason': 'missing-inputs' }
    : { allowed: false, 'reject-reason': reason, 'reject-details': message };
}

/** The members of a submitted transaction. */
function submittedJson({ txid, wtxid }: Tx, outcome: MemberOutcome | undefined) {
  if (!outcome) return { txid, error: 'package-not-validated' };
  if (!outcome.accepted) return { txid, error: outcome.error.message };
  const other = outcome.entry.tx.wtxid;
  return other === wtxid ? { txid, ...acceptedJson(outcome) } : { txid, 'other-wtxid': other };
}

/** Handlers of the methods about several transactions. */
export const packages: Handlers<typeof methods.packages, RpcContext> = {
  async testmempoolaccept({ node }, { rawtxs, maxfeerate }) {
    const txs = parseTxs(rawtxs);
    const { error, members } = await testTxs(node, txs);
    const packageError = error?.kind === 'package' && { 'package-error': error.message };
    // After one that the caller does not want, its descendants would not come either.
    let unwanted = false;
    return txs.map(({ txid, wtxid }, place) => {
      const result = unwanted ? undefined : testedJson(members[place], maxfeerate);
      if (members[place]?.accepted && result?.allowed === false) unwanted = true;
      return { txid, wtxid, ...packageError, ...result };
    });
  },

  async submitpackage({ node }, { package: texts, maxfeerate, maxburnamount }) {
    const txs = parseTxs(texts);
    for (const tx of txs) checkBurn(tx, maxburnamount);
    if (txs.length > 1 && !isChildWithParentsTree(txs)) {
      throw new RpcError(
        -25,
        'package topology disallowed. not child-with-parents or parents depend on each other.',
      );
    }
    const { error, members } = await node.mempool.submitPackage(txs, {
      maxFeeRate: maxfeerate === 0n ? undefined : maxfeerate,
    });
    for (const { txid } of txs) {
      const entry = node.mempool.get(txid);
      if (entry) node.peers.relay(entry.tx.wtxid);
    }
    const replaced = new Set<Txid>();
    for (const outcome of members) {
      if (outcome?.accepted) for (const { txid } of outcome.replaced) replaced.add(txid);
    }
    return {
      package_msg: error?.message ?? 'success',
      'tx-results': new Map(txs.map((tx, at) => [tx.wtxid, submittedJson(tx, members[at])])),
      'replaced-transactions': [...replaced].sort(),
    };
  },
};
