/** Handlers of the methods of ours about the books: the audit and the journal. */
import type { Txid } from '@coind/primitives';
import { type Handlers, type methods, RpcError, rpcError } from '@coind/rpc';
import type { WalletContext } from '../context.ts';

const MOST_LINES = 10_000;

/** Handlers of the methods about the books. */
export const audit: Handlers<typeof methods.dev, WalletContext> = {
  async auditaccounts({ wallet }) {
    const { accountsTotal, faultCount, faults, ...report } = await wallet.audit();
    return {
      ...report,
      accountstotal: accountsTotal,
      faultcount: faultCount,
      faults: faults.map((fault) => ({ ...fault })),
    };
  },

  async listjournal({ wallet }, { account, count, cursor }) {
    if (count < 0) throw rpcError('negativeCount');
    if (count > MOST_LINES) throw new RpcError(-8, `At most ${MOST_LINES} lines at once`);
    if (cursor < 0) throw new RpcError(-8, 'Negative cursor');
    const { lines, next } = await wallet.journal(account, cursor, count);
    return {
      lines: lines.map(({ number, about, kind, ...line }) => ({
        line: number,
        kind,
        ...line,
        ...(kind === 'move' ? { otheraccount: about } : { txid: about as Txid }),
      })),
      ...(next !== undefined && { cursor: next }),
    };
  },
};
