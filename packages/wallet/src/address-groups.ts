/**
 * Which addresses everybody can see to be one owner's: inputs of one transaction, and the change that
 * comes back to them. Reads the whole history; nothing but `listaddressgroupings` needs it.
 */
import { bytesToHex, type Sats, Tx } from '@coind/primitives';
import { addressOf, type WalletContext } from './context.ts';
import type { ScriptHex } from './tables.ts';

/** One address of a group. */
export interface GroupedAddress {
  readonly address: string;
  /** What lies on it. */
  readonly balance: Sats;
  /** Its name in the address book; undefined when it is not there. */
  readonly label: string | undefined;
}

/** Addresses that belong together. */
export type AddressGroup = readonly GroupedAddress[];

/** Sets of scripts that grow together. */
class Groups {
  readonly #parents = new Map<ScriptHex, ScriptHex>();

  /** The script that stands for the group of `script`. */
  find(script: ScriptHex): ScriptHex {
    let root = script;
    for (let up = this.#parents.get(root); up !== undefined && up !== root; ) {
      root = up;
      up = this.#parents.get(root);
    }
    this.#parents.set(script, root);
    return root;
  }

  join(scripts: readonly ScriptHex[]): void {
    const [first] = scripts;
    if (first === undefined) return;
    for (const script of scripts) this.#parents.set(this.find(script), this.find(first));
  }

  *[Symbol.iterator](): Generator<readonly [ScriptHex, ScriptHex]> {
    for (const script of this.#parents.keys()) yield [this.find(script), script];
  }
}

/** Every own or watched address that was ever paid, in groups. */
export async function addressGroupings(
  context: Pick<WalletContext, 'tables' | 'params' | 'keyring'>,
): Promise<AddressGroup[]> {
  const { tables, params, keyring } = context;
  const groups = new Groups();
  const isOwn = (script: ScriptHex): boolean => keyring.standing(undefined, script) !== undefined;
  for await (const [, bytes] of tables.txBytes.entries()) {
    const { inputs, outputs } = Tx.decode(bytes);
    const spent = inputs.flatMap(({ prevout }) => tables.coins.getSync(prevout)?.script ?? []);
    const paid = outputs
      .map(({ scriptPubKey }) => bytesToHex(scriptPubKey))
      .filter((script) => isOwn(script));
    const change = paid.filter((script) => tables.book.getSync(script) === undefined);
    if (spent.length > 0) groups.join([...spent, ...change]);
    for (const script of paid) groups.join([script]);
  }
  const found = new Map<ScriptHex, GroupedAddress[]>();
  for (const [root, script] of groups) {
    const address = addressOf(script, params);
    if (address === undefined) continue;
    const balance = await balanceOf(context, script);
    const entry = { address, balance, label: tables.book.getSync(script)?.label };
    found.set(root, [...(found.get(root) ?? []), entry]);
  }
  return [...found.values()];
}

/** Coins on a script that can be spent. */
async function balanceOf(
  { tables }: Pick<WalletContext, 'tables'>,
  script: ScriptHex,
): Promise<Sats> {
  let sum = 0n;
  for await (const [[, outpoint]] of tables.coinsByScript.entries({ prefix: [script] })) {
    const coin = tables.coins.getSync(outpoint);
    if (coin?.class === 'confirmed' || coin?.class === 'trusted') sum += coin.value;
  }
  return sum;
}
