/** Methods of ours that bitcoind never had. They are in no profile that promises to be exactly bitcoind. */
import { account, amount, bool, int, int64, optional, signedAmount, str, txid } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method, type Profile } from '../method.ts';

const profiles: readonly Profile[] = ['coind', 'legacy'];

/** Methods of ours. */
export const dev = {
  auditaccounts: method({
    category: 'wallet',
    profiles,
    about:
      'Proves the books: computes every sum again from transactions, moves and address book, and reads the journal line by line. Says where something is wrong; changes nothing.',
    params: {},
    result: object({
      clean: bool('No fault was found'),
      accounts: int('Accounts and labels'),
      transactions: int('Transactions read'),
      moves: int('Sides of moves read; every move has two'),
      lines: int('Lines of the journal read'),
      accountstotal: signedAmount('The sum of all accounts at one confirmation'),
      balance: amount("What the wallet's coins are worth that can be spent"),
      settled: bool('Nothing is unconfirmed, so both sums have to be equal'),
      faultcount: int('How many faults there are'),
      faults: list(
        object({
          where: str('The account, transaction, coin or script'),
          fault: str('What is wrong there'),
        }),
        'The first hundred faults',
      ),
    }),
    examples: [''],
  }),
  listjournal: method({
    category: 'wallet',
    profiles,
    about:
      'The journal of an account, oldest line first: every change of its balance with its cause and the balance after it.',
    params: {
      account: account('The account'),
      count: optional(int('How many lines at most'), 100),
      cursor: optional(int64('Where to go on: the cursor of the page before'), 0),
    },
    result: object({
      lines: list(
        object({
          line: int64('Its number; grows from line to line over all accounts'),
          kind: str('receive, send or move'),
          cause: str(
            'transaction, move, rename, rescan, reorganisation, conflict, refused or removal',
          ),
          amount: signedAmount('What it adds'),
          balance: signedAmount('The balance after it, at one confirmation'),
          txid: optional(txid('The transaction behind it')),
          otheraccount: optional(str('The other account of a move')),
          time: int64('Of the transaction or move'),
        }),
      ),
      cursor: optional(int64('Where the next page begins; missing on the last one')),
    }),
    examples: ['alice', 'alice 10 250'],
  }),
};
