/**
 * `npm start`: regtest with a wallet that has something to spend, and a banner that says how to go on. A few
 * blocks are mined where they are missing; a playground that was used before is left as it was.
 */
import { formatBtc } from '@coind/primitives';
import { decodeAddress } from '@coind/script';
import type { Options } from './config.ts';
import type { Node } from './node.ts';

/** Coinbases that shall be spendable. */
const SPENDABLE_BLOCKS = 101;
const MATURITY = 100;

/** Mines what is missing and prints the banner. */
export async function openPlayground(options: Options, node: Node): Promise<void> {
  const { chain, miner, defaultWallet, source } = node.modules;
  const wallet = await defaultWallet.open();
  if (wallet) {
    const missing = SPENDABLE_BLOCKS + MATURITY - chain.tip.ref.height;
    const address = await wallet.newAddress();
    if (missing > 0) await miner.mine(missing, decodeAddress(address, options.params));
    await source.idle();
  }
  const accounts = wallet ? await wallet.listAccounts(1) : new Map<string, bigint>();
  process.stdout.write(banner(options, node, accounts));
}

function banner(
  { params, paths }: Options,
  { rpc, modules }: Node,
  accounts: ReadonlyMap<string, bigint>,
): string {
  const names = [...accounts].map(
    ([name, sats]) => `${name === '' ? '""' : name} ${formatBtc(sats)}`,
  );
  const cli = `npx coin-cli -${params.name}`;
  return `
coind on ${params.name}, ${modules.chain.tip.ref.height} blocks

  RPC       http://${rpc?.host}:${rpc?.port}/
  cookie    ${paths.cookie ?? 'none: -rpcuser and -rpcpassword are set'}
  data      ${paths.network}
  accounts  ${names.length > 0 ? names.join(', ') : 'none yet'}

Try in another terminal:

  ${cli} getnewaddress alice
  ${cli} move "" alice 10
  ${cli} listaccounts

Ctrl-C stops it; what happened stays.
`;
}
